// SPDX-License-Identifier: Apache-2.0
import type { MessageEncoder } from '../definition/message-encoder.ts';
import type { MethodDefinition } from '../definition/service-definition.ts';
import { callerAborted, errorOfCause } from '../call-errors.ts';
import type { ChannelCallOptions } from './call-options.ts';
import type { CallRoute } from './call-route.ts';
import type { Channel } from './channel.ts';
import type { ClientStream } from './stream-call.ts';
import { asMalformed } from './unary-call.ts';

/** A call of any shape as a generator: yields a stream's messages, returns the reply of a call that has one. */
export type MethodCall = (
  request: unknown,
  options: ChannelCallOptions,
) => AsyncGenerator<unknown, unknown, undefined>;

/** A unary method without middleware: one promise from the caller to the wire. */
export function unaryMethod(
  channel: Channel,
  route: CallRoute,
  method: MethodDefinition,
  encoder: MessageEncoder,
  defaults: ChannelCallOptions,
): (request: unknown, options?: ChannelCallOptions) => Promise<unknown> {
  const { requestType, responseType } = method;
  const decode = (reply: Uint8Array): unknown => responseType.decode(reply);
  return (request, own) => {
    try {
      const bytes = encoder.encode(requestType, request);
      return channel.unary(route, bytes, decode, own === undefined ? defaults : { ...defaults, ...own });
    } catch (error) {
      // A message that does not encode fails the call, not the line of code that made it.
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

/** A method of any shape in the form that middleware surrounds. */
export function callMethod(
  channel: Channel,
  route: CallRoute,
  method: MethodDefinition,
  encoder: MessageEncoder,
): MethodCall {
  const { requestType, responseType } = method;
  const encode = (request: unknown): Uint8Array => encoder.encode(requestType, request);
  const decode = (reply: Uint8Array): unknown => responseType.decode(reply);
  if (!method.requestStream && !method.responseStream) {
    return async function* unaryCall(request, options) {
      return await channel.unary(route, encode(request), decode, options);
    };
  }
  return async function* streamCall(request, options) {
    if (options.signal?.aborted === true) throw callerAborted(); // eslint-disable-line @typescript-eslint/only-throw-error -- an Error by its prototype chain
    const first = method.requestStream ? undefined : encode(request);
    const stream = channel.stream(route, first, method.responseStream, options);
    if (method.requestStream) void pump(asIterable(request), encode, stream);
    if (method.responseStream) {
      for await (const message of stream.messages) yield decodeOrCancel(message, decode, route, stream);
      return;
    }
    const reply = await stream.messages.next();
    if (reply.done === true) {
      throw errorOfCause(route.path, asMalformed(new Error('server ended the call without a reply')));
    }
    return decodeOrCancel(reply.value, decode, route, stream);
  };
}

function decodeOrCancel(
  message: Uint8Array,
  decode: (reply: Uint8Array) => unknown,
  route: CallRoute,
  stream: ClientStream,
): unknown {
  try {
    return decode(message);
  } catch (cause) {
    const error = errorOfCause(route.path, asMalformed(cause));
    stream.cancel(error);
    throw error;
  }
}

/** Sends the caller's messages until they end, fail, or nobody listens any more. */
async function pump(
  requests: AsyncIterable<unknown>,
  encode: (request: unknown) => Uint8Array,
  stream: ClientStream,
): Promise<void> {
  const iterator = requests[Symbol.asyncIterator]();
  // An iterator stuck in a wait of its own hears this when it comes back; its end is not ours to wait for.
  const onEnd = (): void => void iterator.return?.().catch(ignoreLateError);
  stream.endSignal.addEventListener('abort', onEnd, { once: true });
  try {
    if (stream.ended) onEnd();
    while (!stream.ended) {
      const next = await iterator.next();
      if (next.done === true) {
        await stream.closeSend();
        return;
      }
      await stream.send(encode(next.value));
    }
  } catch (error) {
    stream.cancel(error instanceof Error ? error : new Error(String(error)));
  } finally {
    stream.endSignal.removeEventListener('abort', onEnd);
  }
}

function ignoreLateError(): void {
  // The call is over: nobody is left to tell.
}

function asIterable(request: unknown): AsyncIterable<unknown> {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the client's type demands an async iterable for this shape
  return request as AsyncIterable<unknown>;
}
