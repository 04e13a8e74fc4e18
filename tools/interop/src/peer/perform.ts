// SPDX-License-Identifier: Apache-2.0
import { on, once } from 'node:events';
import type { Channel } from '@hako/ttrpc';
import { createClient, createMetadata } from '@hako/ttrpc';
import type { CallSpec, JsonMessage, Outcome } from '../driver-protocol.ts';
import { InteropDefinition } from '../generated/hako/interop/v1/interop.ts';
import { outcomeOf } from './outcome.ts';

/** A generated message as this file uses it. */
interface JsonCodec {
  fromJSON(object: unknown): unknown;
  toJSON(message: unknown): unknown;
}

interface Method {
  readonly name: string;
  readonly requestType: JsonCodec;
  readonly requestStream: boolean;
  readonly responseType: JsonCodec;
  readonly responseStream: boolean;
}

const succeeded = { status: { code: 0, message: '', details: [] } };

/** Makes one call of any shape and tells how it went. */
export async function perform(
  channel: Channel,
  spec: CallSpec,
  signal: AbortSignal,
): Promise<Omit<Outcome, 'id'>> {
  const replies: JsonMessage[] = [];
  try {
    return { replies, ...(await converse(channel, spec, signal, replies)) };
  } catch (error) {
    return { replies, ...outcomeOf(error) };
  }
}

async function converse(
  channel: Channel,
  spec: CallSpec,
  signal: AbortSignal,
  replies: JsonMessage[],
): Promise<Omit<Outcome, 'id'>> {
  const { method, call } = findMethod(channel, spec);
  const options = {
    signal,
    metadata: createMetadata(Object.entries(spec.metadata ?? {}).map(([key, values]) => [key, [...values]])),
    ...(spec.timeoutMs === undefined ? {} : { timeoutMs: spec.timeoutMs }),
  };
  const requests = spec.send.map((message) => method.requestType.fromJSON(message));
  const keep = (reply: unknown): void => {
    replies.push(asJsonMessage(method.responseType.toJSON(reply)));
  };
  const progress = new EventTarget();
  const sent = method.requestStream ? sending(requests, spec, progress, signal) : requests[0];
  const answer = call(sent, options);
  if (!method.responseStream) {
    keep(await answer);
    return succeeded;
  }
  if (!isAsyncIterable(answer)) throw new TypeError(`${method.name} returns no stream`);
  for await (const reply of answer) {
    keep(reply);
    progress.dispatchEvent(new Event('reply'));
    if (spec.take !== undefined && replies.length >= spec.take) return { abandoned: true };
  }
  return succeeded;
}

/** A method the service lacks is unary and has empty messages: that is how the suite calls what does not exist. */
function findMethod(
  channel: Channel,
  spec: CallSpec,
): { readonly method: Method; readonly call: (request: unknown, options: unknown) => unknown } {
  const entries: [string, Method][] = Object.entries(InteropDefinition.methods);
  const known = spec.service === undefined ? entries.find(([, { name }]) => name === spec.method) : undefined;
  const nothing = { ...InteropDefinition.methods.nothing, name: spec.method };
  const stray = {
    ...InteropDefinition,
    fullName: spec.service ?? InteropDefinition.fullName,
    methods: { nothing },
  };
  const client =
    known === undefined ? createClient(stray, channel) : createClient(InteropDefinition, channel);
  const [key, method] = known ?? ['nothing', nothing];
  const call: unknown = Reflect.get(client, key);
  if (typeof call !== 'function') throw new TypeError(`the client lacks ${key}`);
  return { method, call: (request, options): unknown => Reflect.apply(call, client, [request, options]) };
}

async function* sending(
  requests: readonly unknown[],
  { lockstep, keepOpen }: CallSpec,
  progress: EventTarget,
  signal: AbortSignal,
): AsyncGenerator {
  const replies = on(progress, 'reply', { signal });
  for (const request of requests) {
    yield request;
    if (lockstep === true) await replies.next();
  }
  if (keepOpen === true) await once(signal, 'abort');
}

function asJsonMessage(value: unknown): JsonMessage {
  if (typeof value !== 'object' || value === null) throw new TypeError('a message is an object in JSON');
  return Object.fromEntries(Object.entries(value));
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
