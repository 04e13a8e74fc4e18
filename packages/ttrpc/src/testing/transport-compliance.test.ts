// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { describe, test } from 'vitest';
import { createMemoryPair, createSocketPair, dial, listen } from '../index.ts';
import { transportChecks } from './transport-compliance.ts';

async function listenAndDial(address: string): Promise<[Duplex, Duplex]> {
  await using listener = await listen(address);
  const accepted = new Promise<Duplex>((resolve) => listener.onConnection(resolve));
  return [await dial(listener.address), await accepted];
}

async function pathPair(): Promise<[Duplex, Duplex]> {
  const directory = await mkdtemp(join(tmpdir(), 'ttrpc-test-'));
  try {
    return await listenAndDial(`unix://${join(directory, 'socket')}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const transports: Record<string, () => Promise<[Duplex, Duplex]>> = {
  'memory pair': async () => createMemoryPair(),
  'memory pair in pieces of 7 bytes': async () =>
    createMemoryPair({ chunkBytes: 7, highWaterMarkBytes: 1000 }),
  'socket pair': createSocketPair,
  'unix socket with a path': pathPair,
  'unix socket with an abstract name': () => listenAndDial(`unix://@ttrpc-test-${randomUUID()}`),
  'tcp socket': () => listenAndDial('tcp://127.0.0.1:0'),
  'tcp socket over IPv6': () => listenAndDial('tcp://[::1]:0'),
};

describe.each(Object.entries(transports))('a %s', (_name, makePair) => {
  test.each(transportChecks(makePair))('$name', ({ run }) => run());
});
