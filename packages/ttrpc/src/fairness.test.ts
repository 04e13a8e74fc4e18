// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { ReceivedFrame } from './testing/hostile-peer.ts';
import { HostilePeer } from './testing/hostile-peer.ts';
import {
  createChannel,
  createClient,
  createMemoryPair,
  createServer,
  encodeFrame,
  encodeRequestEnvelope,
  FrameDecoder,
  frameFlag,
  frameHeaderBytes,
  frameType,
} from './index.ts';
import { EchoDefinition, echoService } from './testing/echo-definition.ts';
import { Gate } from './testing/gate.ts';

const sizes = { tiny: new Uint8Array(0), '30 KiB': new Uint8Array(30 * 1024) };
const bothSizes = Object.entries(sizes);

async function* endless(body: Uint8Array): AsyncGenerator<{ text: string; body: Uint8Array }, void> {
  for (;;) yield await Promise.resolve({ text: 'x', body });
}

function request(streamId: number, method: string, flags = 0): Uint8Array {
  const envelope = { service: 'hako.test.Echo', method, payload: new Uint8Array(0) };
  return encodeFrame(
    streamId,
    frameType.request,
    flags,
    encodeRequestEnvelope({ ...envelope, timeoutNano: 0n, metadata: [] }),
  );
}

/** Waits until an end of a connection that nobody reads has taken all that it takes. */
async function untilFull(end: Duplex): Promise<void> {
  for (let before = -1; before !== end.writableLength;) {
    before = end.writableLength;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(end.writableLength).toBeGreaterThan(0);
}

/** What lies before the first frame that is wanted. */
async function ahead(
  peer: HostilePeer,
  wanted: (frame: ReceivedFrame) => boolean,
): Promise<{ frames: number; bytes: number }> {
  const seen = { frames: 0, bytes: 0 };
  for (;;) {
    const frame = await peer.next();
    if (frame === undefined) throw new Error('the connection has ended');
    if (wanted(frame)) return seen;
    seen.frames++;
    seen.bytes += frameHeaderBytes + frame.payloadBytes;
  }
}

/** `streamQueueBytes`, one message above it, and what the memory pair itself takes. */
const boundBytes = (512 + 31 + 2 * 64) * 1024;

describe('behind a stream that its reader has left unread', () => {
  test.each(bothSizes)('a reply waits for a bounded part of its %s messages only', async (_size, body) => {
    const [near, far] = createMemoryPair();
    await using server = createServer().add(EchoDefinition, {
      ...echoService,
      serverStream: () => endless(body),
    });
    server.serve(far);
    near.write(request(1, 'ServerStream', frameFlag.remoteClosed));
    await untilFull(far);
    near.write(request(3, 'Unary'));
    const peer = new HostilePeer(near);
    expect((await ahead(peer, ({ streamId }) => streamId === 3)).bytes).toBeLessThan(boundBytes);
    peer.close();
  });

  test.each(bothSizes)('a request waits for a bounded part of its %s messages only', async (_size, body) => {
    const [near, far] = createMemoryPair();
    await using channel = createChannel(near);
    const client = createClient(EchoDefinition, channel);
    const calls = [client.clientStream(endless(body))];
    await untilFull(near);
    calls.push(client.unary({ text: 'behind' }));
    const outcomes = Promise.allSettled(calls);
    const peer = new HostilePeer(far);
    expect((await ahead(peer, ({ streamId }) => streamId === 3)).bytes).toBeLessThan(boundBytes);
    peer.close();
    await outcomes;
  });

  test('short messages count what they cost their reader, not only their bytes', async () => {
    const [near, far] = createMemoryPair({ highWaterMarkBytes: 1 });
    await using server = createServer().add(EchoDefinition, {
      ...echoService,
      serverStream: () => endless(sizes.tiny),
    });
    server.serve(far);
    near.write(request(1, 'ServerStream', frameFlag.remoteClosed));
    await untilFull(far);
    near.write(request(3, 'Unary'));
    const peer = new HostilePeer(near);
    expect((await ahead(peer, ({ streamId }) => streamId === 3)).frames).toBeLessThan(1000);
    peer.close();
  });
});

test('streams take turns', async () => {
  const [near, far] = createMemoryPair();
  await using server = createServer().add(EchoDefinition, {
    ...echoService,
    serverStream: () => endless(sizes['30 KiB']),
  });
  server.serve(far);
  const peer = new HostilePeer(near);
  const streamIds = [1, 3, 5];
  for (const streamId of streamIds) near.write(request(streamId, 'ServerStream', frameFlag.remoteClosed));
  for (const streamId of streamIds) await ahead(peer, (frame) => frame.streamId === streamId);
  const counts = new Map<number, number>();
  for (let index = 0; index < 300; index++) {
    const id = (await peer.next())?.streamId ?? 0;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const streamId of streamIds) expect(counts.get(streamId)).toBeGreaterThan(50);
  peer.close();
});

test('a stream whose every write is taken at once leaves the event loop time to read requests', async () => {
  const answered = new Gate();
  const decoder = new FrameDecoder(
    {
      onFrame: (streamId) => streamId === 3 && answered.open(),
      onOversizedFrame: () => undefined,
    },
    1024,
  );
  const greedy = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      decoder.push(chunk);
      done();
    },
  });
  await using server = createServer().add(EchoDefinition, {
    ...echoService,
    serverStream: () => endless(sizes.tiny),
  });
  server.serve(greedy);
  greedy.push(request(1, 'ServerStream', frameFlag.remoteClosed));
  await new Promise((resolve) => setImmediate(resolve));
  greedy.push(request(3, 'Unary'));
  await answered.passed;
});
