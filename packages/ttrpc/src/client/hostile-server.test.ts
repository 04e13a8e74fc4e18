// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import {
  createChannel,
  createClient,
  createMemoryPair,
  encodeResponseEnvelope,
  frameFlag,
  frameType,
} from '../index.ts';
import { EchoDefinition, EchoMessage } from '../testing/echo-definition.ts';
import { HostilePeer } from '../testing/hostile-peer.ts';

function hostileServer() {
  const [near, far] = createMemoryPair();
  const channel = createChannel(near);
  const peer = new HostilePeer(far);
  return {
    channel,
    peer,
    client: createClient(EchoDefinition, channel),
    async [Symbol.asyncDispose]() {
      peer.close();
      await channel[Symbol.asyncDispose]();
    },
  };
}

const reply = (text: string) => EchoMessage.encode(EchoMessage.fromPartial({ text })).finish();
const success = (text: string) => encodeResponseEnvelope({ status: undefined, payload: reply(text) });

describe('what a server may not do ends the channel with a typed reason', () => {
  test.each<[string, (peer: HostilePeer) => void]>([
    ['a reply on a stream never opened', (peer) => peer.sendFrame(99, frameType.response, 0)],
    ['a reply on an even stream', (peer) => peer.sendFrame(2, frameType.response, 0)],
    ['a request', (peer) => peer.sendFrame(2, frameType.request, 0)],
    ['a length of 0xFFFFFFFF', (peer) => peer.send(Buffer.from('ffffffff000000010200', 'hex'))],
  ])('%s', async (_name, misbehave) => {
    await using pair = hostileServer();
    const call = pair.client.unary({});
    await pair.peer.next();
    misbehave(pair.peer);
    await expect(call).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
      cause: { code: 'protocol_violation' },
    });
    expect(await pair.channel.closed).toMatchObject({
      kind: 'failed',
      error: { code: 'protocol_violation' },
    });
  });
});

describe('what spoils a call leaves the others alone', () => {
  test.each<[string, (peer: HostilePeer) => void, Status]>([
    [
      'a reply that does not decode',
      (peer) =>
        peer.sendFrame(
          1,
          frameType.response,
          0,
          encodeResponseEnvelope({ status: undefined, payload: Uint8Array.of(0x0a, 9) }),
        ),
      Status.INTERNAL,
    ],
    [
      'an envelope that does not decode',
      (peer) => peer.sendFrame(1, frameType.response, 0, Uint8Array.of(0x0a, 9)),
      Status.INTERNAL,
    ],
    [
      'stream data for a unary call',
      (peer) => peer.sendFrame(1, frameType.data, 0, reply('x')),
      Status.INTERNAL,
    ],
    [
      'a reply above 4 MiB',
      (peer) => peer.sendFrame(1, frameType.response, 0, new Uint8Array(4 * 1024 * 1024 + 1)),
      Status.RESOURCE_EXHAUSTED,
    ],
  ])('%s', async (_name, misbehave, code) => {
    await using pair = hostileServer();
    const [spoiled, fine] = [pair.client.unary({}), pair.client.unary({})];
    await pair.peer.next();
    await pair.peer.next();
    misbehave(pair.peer);
    // A second, late reply to the spoiled call is dropped.
    pair.peer.sendFrame(1, frameType.response, 0, success('late'));
    pair.peer.sendFrame(3, frameType.response, 0, success('fine'));
    await expect(spoiled).rejects.toMatchObject({ code });
    expect(await fine).toMatchObject({ text: 'fine' });
  });
});

test('the end of the stream inside a frame is told apart from its end between frames', async () => {
  for (const [bytes, kind] of [
    [5, 'failed'],
    [0, 'peer'],
  ] as const) {
    const [near, far] = createMemoryPair();
    const channel = createChannel(near);
    far.end(new Uint8Array(bytes));
    expect(await channel.closed).toMatchObject({ kind, error: { code: 'connection_closed' } });
  }
});

test('a stream may end with a message, with none, or with a response', async () => {
  await using pair = hostileServer();
  const endings: ((id: number) => void)[] = [
    (id) => pair.peer.sendFrame(id, frameType.data, frameFlag.remoteClosed, reply('last')),
    (id) => pair.peer.sendFrame(id, frameType.data, frameFlag.remoteClosed | frameFlag.noData),
    (id) => pair.peer.sendFrame(id, frameType.response, 0, success('last')),
    (id) =>
      pair.peer.sendFrame(
        id,
        frameType.response,
        0,
        encodeResponseEnvelope({ status: undefined, payload: new Uint8Array(0) }),
      ),
  ];
  const results: string[][] = [];
  for (const end of endings) {
    const texts: string[] = [];
    const reading = (async () => {
      for await (const { text } of pair.client.serverStream({})) texts.push(text);
    })();
    const request = await pair.peer.next();
    expect(request).toMatchObject({ type: frameType.request, flags: frameFlag.remoteClosed });
    pair.peer.sendFrame(request!.streamId, frameType.data, 0, reply('first'));
    end(request!.streamId);
    await reading;
    results.push(texts);
  }
  expect(results).toEqual([['first', 'last'], ['first'], ['first', 'last'], ['first']]);
});

test('the frames of a client stream are a request without data, data, and an end without data', async () => {
  await using pair = hostileServer();
  async function* two() {
    yield { text: 'a' };
    yield { text: 'b' };
  }
  const call = pair.client.clientStream(two());
  const frames = [
    await pair.peer.next(),
    await pair.peer.next(),
    await pair.peer.next(),
    await pair.peer.next(),
  ];
  expect(frames).toMatchObject([
    { streamId: 1, type: frameType.request, flags: frameFlag.remoteOpen | frameFlag.noData },
    { streamId: 1, type: frameType.data, flags: 0, payload: reply('a') },
    { streamId: 1, type: frameType.data, flags: 0, payload: reply('b') },
    { streamId: 1, type: frameType.data, flags: frameFlag.remoteClosed | frameFlag.noData, payloadBytes: 0 },
  ]);
  pair.peer.sendFrame(1, frameType.response, 0, success('done'));
  expect(await call).toMatchObject({ text: 'done' });
});
