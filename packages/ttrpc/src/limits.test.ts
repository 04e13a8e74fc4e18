// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import {
  createChannel,
  createClient,
  createMemoryPair,
  createSocketPair,
  maxFramePayloadBytes,
} from './index.ts';
import { EchoDefinition } from './testing/echo-definition.ts';
import { createEchoPair } from './testing/echo-pair.ts';
import { Gate } from './testing/gate.ts';

/** The bytes a request envelope adds to a body of about 4 MiB: names, tags and lengths. */
const requestOverhead = 2 + 'hako.test.Echo'.length + 2 + 'Unary'.length + 5 + 5;

describe('the limit of 4 MiB', () => {
  test.each([-1, 0, 1])('is exact for a request of the limit %+d bytes', async (difference) => {
    await using pair = createEchoPair(
      { unary: () => Promise.resolve({ text: 'small' }) },
      { pair: await createSocketPair() },
    );
    const body = new Uint8Array(maxFramePayloadBytes - requestOverhead + difference);
    const call = pair.client.unary({ body });
    if (difference <= 0) expect(await call).toMatchObject({ text: 'small' });
    else {
      await expect(call).rejects.toMatchObject({
        code: Status.RESOURCE_EXHAUSTED,
        details: `message length ${maxFramePayloadBytes + 1} exceeds maximum message size of ${maxFramePayloadBytes}`,
        cause: { code: 'frame_too_large' },
      });
    }
    expect(await pair.client.unary({})).toMatchObject({ text: 'small' });
  });

  test.each([-1, 0, 1])('is exact for a reply of the limit %+d bytes', async (difference) => {
    const replyOverhead = 2 + 5 + 5;
    const body = new Uint8Array(maxFramePayloadBytes - replyOverhead + difference);
    await using pair = createEchoPair({ unary: () => Promise.resolve({ body }) });
    const call = pair.client.unary({});
    if (difference <= 0) expect((await call).body.length).toBe(body.length);
    else await expect(call).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
    expect(pair.channel.activeCalls).toBe(0);
  });

  test('fails a stream whose message is too long, from either side', async () => {
    const body = new Uint8Array(maxFramePayloadBytes);
    await using pair = createEchoPair({
      async *serverStream() {
        yield { body };
      },
    });
    async function* requests() {
      yield { body };
    }
    const read = async () => {
      for await (const message of pair.client.serverStream({})) expect(message).toBeDefined();
    };
    await expect(read()).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
    await expect(pair.client.clientStream(requests())).rejects.toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
    });
    expect(await pair.client.unary({ text: 'alive' })).toMatchObject({ text: 'alive' });
  });

  test.each([{ maxFrameBytes: 0 }, { maxFrameBytes: maxFramePayloadBytes + 1 }, { receiveQueueBytes: 1.5 }])(
    'cannot be set to %j',
    (limits) => {
      const [near] = createMemoryPair();
      expect(() => createChannel(near, { limits })).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }) as Error,
      );
    },
  );
});

describe('a stream nobody reads', () => {
  test('fails by itself with queue_overflow while other calls go on', async () => {
    const overflowed = new Gate();
    await using pair = createEchoPair(
      {
        async *serverStream(_request, context) {
          context.signal.addEventListener('abort', () => overflowed.open());
          for (;;) yield { body: new Uint8Array(1000) };
        },
      },
      { channel: { limits: { receiveQueueBytes: 100_000 } }, pair: await createSocketPair() },
    );
    const unread = pair.client.serverStream({})[Symbol.asyncIterator]();
    await unread.next();
    for (let index = 0; index < 20; index++) {
      expect(await pair.client.unary({ text: 'others' })).toMatchObject({ text: 'others' });
    }
    await overflowed.passed;
    await expect(unread.next()).rejects.toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      cause: { code: 'queue_overflow' },
    });
  });

  test('holds the sender back instead when the channel says so, and loses nothing', async () => {
    let sent = 0;
    const total = 3000;
    await using pair = createEchoPair(
      {
        async *serverStream() {
          for (; sent < total; sent++) yield { count: sent, body: new Uint8Array(1000) };
        },
      },
      {
        channel: { limits: { receiveQueueBytes: 50_000, queueOverflow: 'pause-connection' } },
        server: { limits: { sendQueueBytes: 50_000 } },
      },
    );
    const stream = pair.client.serverStream({})[Symbol.asyncIterator]();
    await stream.next();
    let before = -1;
    while (before !== sent) {
      before = sent;
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(500);
    let received = 1;
    for (;;) {
      const next = await stream.next();
      if (next.done === true) break;
      expect(next.value.count).toBe(received);
      received++;
    }
    expect(received).toBe(total);
  });

  test('of requests fails by itself with queue_overflow while other calls go on', async () => {
    await using pair = createEchoPair(
      {
        clientStream: (_requests, { signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          ),
      },
      { server: { limits: { receiveQueueBytes: 100_000 } } },
    );
    async function* endless() {
      for (;;) yield { body: new Uint8Array(1000) };
    }
    await expect(pair.client.clientStream(endless())).rejects.toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
    });
    expect(await pair.client.unary({ text: 'fine' })).toMatchObject({ text: 'fine' });
  });
});

test('calls above the bound of a channel fail at once, the others are answered', async () => {
  const release = new Gate();
  await using pair = createEchoPair(
    { unary: (request) => release.passed.then(() => request) },
    { channel: { limits: { maxConcurrentStreams: 10 } } },
  );
  const calls = Array.from({ length: 10 }, () => pair.client.unary({}));
  await expect(pair.client.unary({})).rejects.toMatchObject({ cause: { code: 'queue_overflow' } });
  release.open();
  await Promise.all(calls);
});

test('large calls wait in line for the send queue and can be given up there', async () => {
  const [near, far] = createMemoryPair();
  await using channel = createChannel(near, { limits: { sendQueueBytes: 100_000 } });
  const client = createClient(EchoDefinition, channel);
  const abort = new AbortController();
  const calls = Array.from({ length: 50 }, () =>
    client.unary({ body: new Uint8Array(60_000) }, { signal: abort.signal }),
  );
  const outcomes = Promise.allSettled(calls);
  expect(near.writableLength).toBeLessThan(400_000);
  expect(channel.activeCalls).toBe(50);
  abort.abort();
  expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true);
  expect(channel.activeCalls).toBe(0);
  far.destroy();
});

test('messages that had to wait in line arrive as they were handed over, in every shape', async () => {
  const limits = { sendQueueBytes: 1 };
  await using pair = createEchoPair(
    {},
    { channel: { limits }, server: { limits }, pair: await createSocketPair() },
  );
  const words = Array.from({ length: 300 }, (_, index) => `message number ${index}`);
  async function* requests() {
    for (const text of words) yield { text };
  }
  const unary = Promise.all(words.map(async (text) => (await pair.client.unary({ text })).text));
  const echoed: string[] = [];
  for await (const { text } of pair.client.bidiStream(requests())) echoed.push(text);
  expect(echoed).toEqual(words);
  expect(await unary).toEqual(words);
});
