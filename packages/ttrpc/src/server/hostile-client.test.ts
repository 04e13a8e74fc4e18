// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import type { ServerOptions } from '../index.ts';
import {
  createMemoryPair,
  createServer,
  decodeResponseEnvelope,
  encodeFrame,
  encodeRequestEnvelope,
  frameFlag,
  frameType,
} from '../index.ts';
import { EchoDefinition, EchoMessage, echoService } from '../testing/echo-definition.ts';
import { HostilePeer } from '../testing/hostile-peer.ts';

const service = 'hako.test.Echo';

function hostileClient(options: ServerOptions = {}) {
  const [near, far] = createMemoryPair();
  const server = createServer(options).add(EchoDefinition, {
    ...echoService,
    unary: (request) => (request.text === 'stuck' ? new Promise(() => undefined) : Promise.resolve(request)),
  });
  const connection = server.serve(far);
  const peer = new HostilePeer(near);
  return {
    peer,
    connection,
    server,
    async [Symbol.asyncDispose]() {
      peer.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const message = (text: string) => EchoMessage.encode(EchoMessage.fromPartial({ text })).finish();

type StreamIds = NonNullable<ServerOptions['streamIds']>;

describe('a wrong stream id is refused on that id, and the connection goes on', () => {
  test.each<[string, StreamIds, number, (peer: HostilePeer) => void, RegExp]>([
    ['an even one', 'unique', 2, (peer) => peer.sendRequest(2, { service, method: 'Unary' }), /even/],
    ['an even one', 'rising', 2, (peer) => peer.sendRequest(2, { service, method: 'Unary' }), /even/],
    ['zero', 'unique', 0, (peer) => peer.sendRequest(0, { service, method: 'Unary' }), /even/],
    [
      'that of a frame above 4 MiB which is even',
      'unique',
      2,
      (peer) => peer.sendFrame(2, frameType.request, 0, new Uint8Array(4 * 1024 * 1024 + 1)),
      /even/,
    ],
    [
      'a falling one',
      'rising',
      3,
      (peer) => {
        peer.sendRequest(5, { service, method: 'Unary', payload: message('stuck') });
        peer.sendRequest(3, { service, method: 'Unary' });
      },
      /does not rise above 5/,
    ],
    ['data of one never opened', 'unique', 7, (peer) => peer.sendFrame(7, frameType.data, 0), /not open/],
    ['data of one never opened', 'rising', 7, (peer) => peer.sendFrame(7, frameType.data, 0), /not open/],
    ['data of an even one', 'unique', 8, (peer) => peer.sendFrame(8, frameType.data, 0), /not open/],
  ])('%s (%s)', async (_name, streamIds, streamId, misbehave, text) => {
    await using pair = hostileClient({ streamIds });
    misbehave(pair.peer);
    expect(await pair.peer.nextStatus()).toMatchObject({
      streamId,
      code: Status.INVALID_ARGUMENT,
      message: expect.stringMatching(text) as string,
    });
    pair.peer.sendRequest(99, { service, method: 'Unary', payload: message('fine') });
    expect(await pair.peer.nextStatus()).toMatchObject({ streamId: 99, code: 0 });
  });

  test.each<StreamIds>(['unique', 'rising'])(
    'one in use ends the call under it, once, and no other (%s)',
    async (streamIds) => {
      await using pair = hostileClient({ streamIds });
      for (const streamId of [5, 7]) {
        pair.peer.sendRequest(streamId, { service, method: 'Unary', payload: message('stuck') });
      }
      pair.peer.sendRequest(5, { service, method: 'Unary' });
      expect(await pair.peer.nextStatus()).toMatchObject({
        streamId: 5,
        code: Status.INVALID_ARGUMENT,
        message: 'stream id 5 is in use',
      });
      expect(pair.connection.activeCalls).toBe(1);
      pair.peer.sendRequest(99, { service, method: 'Unary' });
      expect(await pair.peer.nextStatus()).toMatchObject({ streamId: 99, code: 0 });
    },
  );

  test('ids need not rise, and may be used again once they are free', async () => {
    await using pair = hostileClient();
    for (const streamId of [9, 3, 3]) {
      pair.peer.sendRequest(streamId, { service, method: 'Unary' });
      expect(await pair.peer.nextStatus()).toMatchObject({ streamId, code: 0 });
    }
  });

  test('with rising ids one that was used before is refused, and the next higher one is not', async () => {
    await using pair = hostileClient({ streamIds: 'rising' });
    for (const [streamId, code] of [
      [3, 0],
      [3, Status.INVALID_ARGUMENT],
      [1, Status.INVALID_ARGUMENT],
      [5, 0],
    ] as const) {
      pair.peer.sendRequest(streamId, { service, method: 'Unary' });
      expect(await pair.peer.nextStatus()).toMatchObject({ streamId, code });
    }
  });

  test.each<[string, Uint8Array]>([
    ['requests with even ids', encodeFrame(2, frameType.request, 0)],
    ['data of streams never opened', encodeFrame(1, frameType.data, 0)],
  ])('of a flood of %s no more are answered than the client reads answers', async (_name, frame) => {
    const [near, far] = createMemoryPair();
    await using server = createServer({ limits: { sendQueueBytes: 10_000 } }).add(
      EchoDefinition,
      echoService,
    );
    server.serve(far);
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => frame));
    for (let index = 0; index < 100; index++) {
      near.write(thousand);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Answers fill the buffers on the way, and then mistakes stay where they are.
    expect(far.writableLength).toBeLessThan(200_000);
    expect(near.writableLength).toBeGreaterThan(90 * thousand.length);
    const peer = new HostilePeer(near);
    const codes = new Set<number>();
    for (let index = 0; index < 100_000; index++) codes.add((await peer.nextStatus()).code);
    expect([...codes]).toEqual([Status.INVALID_ARGUMENT]);
    peer.close();
  });
});

describe('what no stream can be blamed for ends the connection with a typed reason', () => {
  test.each<[string, (peer: HostilePeer) => void]>([
    ['a length of 0xFFFFFFFF', (peer) => peer.send(Buffer.from('ffffffff000000010100', 'hex'))],
    ['a response', (peer) => peer.sendFrame(1, frameType.response, 0)],
    ['something that is not ttRPC', (peer) => peer.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))],
  ])('%s', async (_name, misbehave) => {
    await using pair = hostileClient();
    misbehave(pair.peer);
    await pair.peer.untilOver();
    expect(await pair.connection.closed).toMatchObject({
      kind: 'failed',
      error: { code: 'protocol_violation' },
    });
  });
});

describe('a mistake costs its stream only', () => {
  test.each<[string, (peer: HostilePeer) => void, Status]>([
    [
      'an envelope that does not decode',
      (peer) => peer.sendFrame(1, frameType.request, 0, Uint8Array.of(0x0a, 99)),
      Status.INVALID_ARGUMENT,
    ],
    [
      'a frame above 4 MiB',
      (peer) => peer.sendFrame(1, frameType.request, 0, new Uint8Array(4 * 1024 * 1024 + 1)),
      Status.RESOURCE_EXHAUSTED,
    ],
    [
      'data on a stream that has ended',
      (peer) => {
        peer.sendRequest(1, { service: 'none', method: 'None' });
        peer.sendFrame(1, frameType.data, 0);
      },
      Status.UNIMPLEMENTED,
    ],
    [
      'data on a unary call',
      (peer) => {
        peer.sendRequest(1, { service, method: 'Unary', payload: message('stuck') });
        peer.sendFrame(1, frameType.data, 0, message('more'));
      },
      Status.INVALID_ARGUMENT,
    ],
    [
      'data behind the end of a stream',
      (peer) => {
        peer.sendRequest(1, { service, method: 'ClientStream' }, frameFlag.remoteOpen);
        peer.sendFrame(1, frameType.data, frameFlag.remoteClosed | frameFlag.noData);
        peer.sendFrame(1, frameType.data, 0, message('late'));
      },
      Status.INVALID_ARGUMENT,
    ],
    [
      'an oversized frame in the middle of a stream',
      (peer) => {
        peer.sendRequest(1, { service, method: 'ClientStream' }, frameFlag.remoteOpen);
        peer.sendFrame(1, frameType.data, 0, new Uint8Array(4 * 1024 * 1024 + 1));
      },
      Status.RESOURCE_EXHAUSTED,
    ],
    [
      'a timeout that is negative',
      (peer) => peer.sendRequest(1, { service, method: 'Unary', timeoutNano: -1n }),
      Status.DEADLINE_EXCEEDED,
    ],
  ])('%s', async (_name, misbehave, code) => {
    await using pair = hostileClient();
    misbehave(pair.peer);
    expect(await pair.peer.nextStatus()).toMatchObject({ streamId: 1, code });
    pair.peer.sendRequest(99, { service, method: 'Unary', payload: message('fine') });
    for (;;) {
      const frame = await pair.peer.nextStatus();
      if (frame.streamId === 1) continue;
      expect(frame).toMatchObject({ streamId: 99, code: 0 });
      break;
    }
    expect(pair.connection.activeCalls).toBe(0);
  });

  test('a frame of an unknown type is ignored', async () => {
    await using pair = hostileClient();
    pair.peer.sendFrame(1, 77, 0, Uint8Array.of(1, 2, 3));
    pair.peer.sendRequest(1, { service, method: 'Unary' });
    expect(await pair.peer.nextStatus()).toMatchObject({ streamId: 1, code: 0 });
  });

  test('a cancel of a stream that is not there is ignored', async () => {
    await using pair = hostileClient();
    pair.peer.sendFrame(12, frameType.cancel, 0);
    pair.peer.sendRequest(1, { service, method: 'Unary' });
    expect(await pair.peer.nextStatus()).toMatchObject({ streamId: 1, code: 0 });
  });
});

describe('the request that opens a stream of the client', () => {
  const { remoteOpen, remoteClosed, noData } = frameFlag;
  test.each<[string, number, Uint8Array | undefined, string[]]>([
    ['without data, as Rust sends it, is no message', remoteOpen | noData, undefined, ['next']],
    ['with nothing inside, as Go sends it, is no message', remoteOpen, undefined, ['next']],
    ['with a message inside is the first one', remoteOpen, message('inside'), ['inside', 'next']],
    ['without data is no message whatever is inside', remoteOpen | noData, message('inside'), ['next']],
  ])('%s', async (_name, flags, payload, expected) => {
    await using pair = hostileClient();
    pair.peer.sendRequest(1, { service, method: 'ClientStream', ...(payload && { payload }) }, flags);
    pair.peer.sendFrame(1, frameType.data, remoteClosed, message('next'));
    const reply = await pair.peer.next();
    expect(reply).toMatchObject({ streamId: 1, type: frameType.response });
    const { payload: joined } = decodeResponseEnvelope(reply?.payload ?? new Uint8Array(0));
    expect(EchoMessage.decode(joined)).toMatchObject({ text: expected.join(','), count: expected.length });
  });

  test('of a server stream is a message, also when it is empty', async () => {
    await using pair = hostileClient();
    pair.peer.sendRequest(1, { service, method: 'ServerStream' }, remoteClosed);
    expect(await pair.peer.next()).toMatchObject({ type: frameType.data, flags: remoteClosed | noData });
  });
});

test('of 100,000 opened streams those above the bound are refused, and no others', async () => {
  await using pair = hostileClient({ limits: { maxConcurrentStreams: 1000 } });
  const streams = 100_000;
  const refused: number = Status.RESOURCE_EXHAUSTED;
  const request = encodeRequestEnvelope({
    service,
    method: 'BidiStream',
    payload: new Uint8Array(0),
    timeoutNano: 0n,
    metadata: [],
  });
  const flood = Array.from({ length: streams }, (_, index) =>
    encodeFrame(2 * index + 1, frameType.request, frameFlag.remoteOpen, request),
  );
  pair.peer.send(Buffer.concat(flood));
  for (let index = 1000; index < streams; index++) {
    const { streamId, code } = await pair.peer.nextStatus();
    if (code !== refused || streamId !== 2 * index + 1) {
      expect({ streamId, code }).toEqual({ streamId: 2 * index + 1, code: Status.RESOURCE_EXHAUSTED });
    }
  }
  expect(pair.connection.activeCalls).toBe(1000);
});

test('a client that does not read its replies is not read either, until it does', async () => {
  const [near, far] = createMemoryPair();
  await using server = createServer({ limits: { sendQueueBytes: 100_000 } }).add(EchoDefinition, echoService);
  const connection = server.serve(far);
  const payload = EchoMessage.encode(EchoMessage.fromPartial({ body: new Uint8Array(60_000) })).finish();
  const request = encodeRequestEnvelope({ service, method: 'Unary', payload, timeoutNano: 0n, metadata: [] });
  for (let index = 0; index < 100; index++) {
    near.write(encodeFrame(2 * index + 1, frameType.request, 0, request));
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Nobody reads `near`: replies fill its buffer, then the server's send queue, and then requests stay where they are.
  expect(near.writableLength).toBeGreaterThan(90 * 60_000);
  const peer = new HostilePeer(near);
  for (let index = 0; index < 100; index++) expect(await peer.nextStatus()).toMatchObject({ code: 0 });
  peer.close();
  expect(await connection.closed).toMatchObject({ kind: 'peer' });
});
