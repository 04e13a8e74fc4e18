// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import type { Client } from '@hako/ttrpc';
import type { EchoDefinition } from '@hako/ttrpc/testing';
import { ClientError } from 'nice-grpc-common';

import { within } from '../within.ts';

async function* two(): AsyncGenerator<{ text: string }> {
  yield await Promise.resolve({ text: 'a' });
  yield { text: 'b' };
}

async function count(messages: AsyncIterable<unknown>): Promise<number> {
  let total = 0;
  for await (const message of messages) if (message !== undefined) total++;
  return total;
}

/** Starts a call of each shape; the answer waits until all have settled, and checks how. */
export function callInAllShapes(client: Client<typeof EchoDefinition>): () => Promise<void> {
  const settled = Promise.allSettled([
    client.unary({ text: 'u' }),
    client.unary({ text: 'd' }, { timeoutMs: 60_000 }),
    client.clientStream(two()),
    count(client.serverStream({ text: 's', count: 3 })),
    count(client.bidiStream(two())),
  ]);
  return async () => {
    for (const result of await within('the end of all calls', settled)) {
      if (result.status === 'fulfilled') continue;
      assert.ok(result.reason instanceof ClientError, `not a ClientError: ${String(result.reason)}`);
    }
  };
}
