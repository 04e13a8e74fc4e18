// SPDX-License-Identifier: Apache-2.0
/* eslint-disable @typescript-eslint/require-await -- the shapes ask for promises and async iterables, also where nothing is waited for */
import type { TtrpcCallContext } from '@hako/ttrpc';
import { TtrpcServerError } from '@hako/ttrpc';
import type { CallContext } from 'nice-grpc-common';
import type {
  Failure,
  InteropServiceImplementation,
  MetadataEntry,
  Number as NumberMessage,
  Payload,
} from '../generated/hako/interop/v1/interop.ts';
import { isStatusCode } from './status-code.ts';
import type { Watched, Watches } from './watches.ts';

/** The service on @hako/ttrpc, or on anything else that takes nice-grpc's implementations. */
export function createInteropService(watches: Watches): InteropServiceImplementation<TtrpcCallContext> {
  return {
    async echo({ data, text }, context) {
      return { data, text, metadata: metadataOf(context), hasDeadline: context.timeoutMs !== undefined };
    },
    async measure({ data }) {
      return { size: data.length };
    },
    async produce({ size }) {
      return { data: new Uint8Array(size) };
    },
    async nothing() {
      return {};
    },
    async fail(failure) {
      throw errorOf(failure);
    },
    async hold({ label }, { signal }) {
      const call = watches.of(label);
      call.start();
      await Promise.race([call.released, aborted(signal)]);
      call.end(signal.aborted);
      return {};
    },
    async awaitStart({ label }) {
      await watches.of(label).started;
      return {};
    },
    async awaitEnd({ label }) {
      return { abandoned: await watches.of(label).ended };
    },
    async crash() {
      return process.exit(0);
    },
    async sum(numbers) {
      let value = 0;
      for await (const number of numbers) value += number.value;
      return { value };
    },
    async first(numbers) {
      for await (const { value } of numbers) return { value };
      return {};
    },
    async *count({ upto, failure }) {
      for (let value = 1; value <= upto; value++) yield { value };
      if (failure !== undefined) throw errorOf(failure);
    },
    endless({ label }, { signal }) {
      return countUntil(signal, watches.of(label));
    },
    async *download({ messages, size }) {
      const data = new Uint8Array(size);
      for (let sent = 0; sent < messages; sent++) yield { data };
    },
    async *echoStream(payloads) {
      for await (const payload of payloads) yield payload;
    },
    async *reverse(payloads) {
      const all: Payload[] = [];
      for await (const payload of payloads) all.push(payload);
      yield* all.reverse();
    },
  };
}

function metadataOf({ metadata }: CallContext): MetadataEntry[] {
  const entries: MetadataEntry[] = [];
  for (const [key, values] of metadata) entries.push({ key, values: values.map(String) });
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function errorOf({ code, message, details }: Failure): TtrpcServerError {
  if (!isStatusCode(code)) throw new RangeError(`${code} is not a status code`);
  return new TtrpcServerError(code, message, details);
}

async function* countUntil(signal: AbortSignal, call: Watched): AsyncGenerator<NumberMessage> {
  call.start();
  try {
    for (let value = 1; !signal.aborted; value++) yield { value };
  } finally {
    call.end(true);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}
