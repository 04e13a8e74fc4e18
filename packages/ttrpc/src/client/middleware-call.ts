// SPDX-License-Identifier: Apache-2.0
import type { ClientMiddleware, MethodDescriptor } from 'nice-grpc-common';
import type { ChannelCallOptions } from './call-options.ts';
import type { MethodCall } from './method-call.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the options that middleware adds are tracked by the factory's type, not here
type AnyMiddleware = ClientMiddleware<any, any>;

/** A client method whose calls pass through `middleware`, the first one outermost. */
export function throughMiddleware(
  middleware: readonly AnyMiddleware[],
  method: MethodDescriptor,
  innermost: MethodCall,
  defaults: ChannelCallOptions,
): (request: unknown, options?: ChannelCallOptions) => unknown {
  const call = middleware.reduceRight<MethodCall>((next, layer) => surround(layer, method, next), innermost);
  return (request, own) => {
    const started = call(request, own === undefined ? defaults : { ...defaults, ...own });
    return method.responseStream ? messagesOf(started) : replyOf(started);
  };
}

function surround(layer: AnyMiddleware, method: MethodDescriptor, next: MethodCall): MethodCall {
  return (request, options) => {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a call's type is a union over four shapes; the descriptor says which one this is
    const call: any = {
      method,
      requestStream: method.requestStream,
      request,
      responseStream: method.responseStream,
      next,
    };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-argument -- see above
    return layer(call, options);
  };
}

/** Runs a generator that has to return its one result. */
async function replyOf(call: AsyncGenerator<unknown, unknown, undefined>): Promise<unknown> {
  const result = await call.next();
  if (result.done !== true) {
    await call.return(undefined);
    throw new TypeError('middleware yielded a message in a call that has one reply');
  }
  if (result.value === undefined) throw new TypeError('middleware returned no reply');
  return result.value;
}

/** Hides a generator's return value, and makes `for await` end the call when the loop is left. */
async function* messagesOf(
  call: AsyncGenerator<unknown, unknown, undefined>,
): AsyncGenerator<unknown, void, undefined> {
  yield* call;
}
