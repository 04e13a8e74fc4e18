// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { createChannel } from '../client/channel.ts';
import { createClient } from '../client/client.ts';
import { createServer } from '../server/server.ts';
import { EchoDefinition, echoService } from './echo-definition.ts';

/** One check of a transport; `run` rejects with an `AssertionError` when it fails. */
export interface TransportCheck {
  /** A sentence. */
  readonly name: string;
  /** Makes a pair of its own, and destroys it. */
  readonly run: () => Promise<void>;
}

/**
 * What this package expects of a byte stream, as checks for any test runner. Offer them for every Duplex that is to
 * carry ttRPC.
 * @param makePair - makes two ends that are connected to each other.
 */
export function transportChecks(makePair: () => Promise<[Duplex, Duplex]>): TransportCheck[] {
  const check = (name: string, body: (near: Duplex, far: Duplex) => Promise<void>): TransportCheck => ({
    name,
    async run() {
      const [near, far] = await makePair();
      try {
        await body(near, far);
      } finally {
        near.on('error', ignore);
        far.on('error', ignore);
        near.destroy();
        far.destroy();
      }
    },
  });
  return [
    check('bytes arrive whole and in order, both ways', async (near, far) => {
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        const received = readBytes(to, bytes.length);
        from.write(bytes);
        assert.ok(bytes.equals(await received));
      }
    }),
    check('a writer is held back while nobody reads, and released by reading', async (near, far) => {
      far.pause();
      let written = 0;
      const block = Buffer.alloc(64 * 1024);
      while (near.write(block)) {
        written += block.length;
        assert.ok(written < 64 * 1024 * 1024, 'the transport takes any amount without a reader');
        await new Promise((resolve) => setImmediate(resolve));
      }
      const drained = once(near, 'drain');
      far.resume();
      await drained;
    }),
    check('ending one side ends the other after its last byte', async (near, far) => {
      const received = readToEnd(far);
      near.end('last words');
      assert.equal((await received).toString(), 'last words');
    }),
    check('destroying one side ends the other', async (near, far) => {
      const over = new Promise<void>((resolve) => {
        far.on('end', resolve);
        far.on('error', () => resolve());
        far.on('close', resolve);
      });
      far.resume();
      near.destroy();
      await over;
    }),
    check('carries all four shapes of calls', async (near, far) => {
      await using server = createServer().add(EchoDefinition, echoService);
      server.serve(far);
      await using channel = createChannel(near);
      const client = createClient(EchoDefinition, channel);
      assert.equal((await client.unary({ text: 'one' })).text, 'one');
      assert.deepEqual(await texts(client.serverStream({ text: 'n', count: 3 })), ['n0', 'n1', 'n2']);
      assert.equal((await client.clientStream(messages('a', 'b', 'c'))).text, 'a,b,c');
      assert.deepEqual(await texts(client.bidiStream(messages('x', 'y'))), ['x', 'y']);
    }),
    check('carries a message of nearly 4 MiB each way', async (near, far) => {
      await using server = createServer().add(EchoDefinition, echoService);
      server.serve(far);
      await using channel = createChannel(near);
      const body = new Uint8Array(4 * 1024 * 1024 - 100).fill(0xa5);
      const reply = await createClient(EchoDefinition, channel).unary({ body });
      assert.ok(Buffer.from(reply.body).equals(body));
    }),
  ];
}

async function* messages(...words: string[]): AsyncGenerator<{ text: string }> {
  for (const text of words) yield await Promise.resolve({ text });
}

async function texts(stream: AsyncIterable<{ text: string }>): Promise<string[]> {
  const received: string[] = [];
  for await (const message of stream) received.push(message.text);
  return received;
}

function readBytes(stream: Duplex, bytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < bytes) return;
      stream.off('data', onData);
      resolve(Buffer.concat(chunks));
    };
    stream.on('data', onData);
  });
}

function readToEnd(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('error', reject);
  });
}

function ignore(): void {
  // The pair is being thrown away.
}
