// SPDX-License-Identifier: Apache-2.0
import { Metadata, ServerError, Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import type { CallContext } from 'nice-grpc-common';
import type { TtrpcCallContext } from './index.ts';
import {
  createChannel,
  createClient,
  createMetadata,
  createServer,
  TtrpcClientError,
  TtrpcServerError,
} from './index.ts';
import type { EchoClient, EchoMessage, EchoServiceImplementation } from './testing/echo-definition.ts';
import { EchoDefinition, echoService } from './testing/echo-definition.ts';
import { createEchoPair } from './testing/echo-pair.ts';
import { Gate } from './testing/gate.ts';
import { createMemoryPair } from './transport/memory-pair.ts';

async function collect(stream: AsyncIterable<EchoMessage>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of stream) texts.push(message.text);
  return texts;
}

async function* take<T>(stream: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let taken = 0;
  for await (const item of stream) {
    yield item;
    if (++taken === count) return;
  }
}

async function* from(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text };
}

describe('shapes', () => {
  test('a client is assignable to the generated client type', async () => {
    await using pair = createEchoPair();
    const client: EchoClient = pair.client;
    expect(await client.unary({})).toEqual({ text: '', body: new Uint8Array(0), count: 0 });
  });

  test('replies come in the order handlers finish, not in the order of requests', async () => {
    const waits = new Map<string, () => void>();
    await using pair = createEchoPair({
      unary: (request) => new Promise((resolve) => waits.set(request.text, () => resolve(request))),
    });
    const order: string[] = [];
    const calls = ['a', 'b', 'c'].map(async (text) => order.push((await pair.client.unary({ text })).text));
    while (waits.size < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const text of ['c', 'a', 'b']) waits.get(text)?.();
    await Promise.all(calls);
    expect(order).toEqual(['c', 'a', 'b']);
  });

  test('an empty stream in either direction is no message', async () => {
    await using pair = createEchoPair();
    expect(await collect(pair.client.serverStream({ count: 0 }))).toEqual([]);
    expect(await pair.client.clientStream(from())).toMatchObject({ count: 0 });
    expect(await collect(pair.client.bidiStream(from()))).toEqual([]);
  });

  test('an empty message in a stream is a message', async () => {
    await using pair = createEchoPair();
    expect(await collect(pair.client.bidiStream(from('', 'x', '')))).toEqual(['', 'x', '']);
  });

  test('both directions of a stream run at once', async () => {
    await using pair = createEchoPair();
    let answer: (text: string) => void = () => undefined;
    async function* dialogue(): AsyncGenerator<{ text: string }> {
      let text = 'first';
      while (text !== 'third') {
        const next = new Promise<string>((resolve) => (answer = resolve));
        yield { text };
        text = await next;
      }
    }
    const seen: string[] = [];
    for await (const { text } of pair.client.bidiStream(dialogue())) {
      seen.push(text);
      answer(text === 'first' ? 'second' : 'third');
    }
    expect(seen).toEqual(['first', 'second']);
  });

  test('a server stream that ends before the client has finished sending ends the call', async () => {
    const returned = new Gate();
    async function* endless(): AsyncGenerator<{ text: string }> {
      try {
        for (;;) {
          yield { text: 'x' };
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        returned.open();
      }
    }
    await using pair = createEchoPair({
      async *bidiStream(requests) {
        yield* take(requests, 1);
      },
    });
    expect(await collect(pair.client.bidiStream(endless()))).toEqual(['x']);
    await returned.passed;
    expect(await pair.client.unary({ text: 'still here' })).toMatchObject({ text: 'still here' });
  });

  test('ten thousand calls at once all get their own reply', async () => {
    await using pair = createEchoPair();
    const replies = await Promise.all(
      Array.from({ length: 10_000 }, (_, count) => pair.client.unary({ text: `${count}`, count })),
    );
    replies.forEach((reply, index) => expect(reply.count).toBe(index));
    expect(pair.channel.activeCalls).toBe(0);
    expect(pair.connection.activeCalls).toBe(0);
  });
});

describe('failures', () => {
  const path = '/hako.test.Echo/Unary';

  test.each([
    [
      'ServerError',
      () => new ServerError(Status.NOT_FOUND, 'no such thing'),
      Status.NOT_FOUND,
      'no such thing',
    ],
    ['plain error', () => new Error('secret'), Status.UNKNOWN, 'unknown server error occurred'],
  ])('a handler that throws a %s makes a ClientError', async (_name, thrown, code, details) => {
    const error = thrown();
    await using pair = createEchoPair({ unary: () => Promise.reject(error) });
    await expect(pair.client.unary({})).rejects.toMatchObject({ name: 'ClientError', path, code, details });
    expect(pair.handlerErrors).toEqual(error instanceof ServerError ? [] : [error]);
  });

  test('a handler that throws before it returns a promise is no different', async () => {
    await using pair = createEchoPair({
      unary: () => {
        throw new ServerError(Status.ABORTED, 'at once');
      },
    });
    await expect(pair.client.unary({})).rejects.toMatchObject({ code: Status.ABORTED });
  });

  test('details of a status reach the client', async () => {
    const statusDetails = [{ typeUrl: 'type.googleapis.com/x.Y', value: Uint8Array.of(1, 2) }];
    await using pair = createEchoPair({
      unary: () => Promise.reject(new TtrpcServerError(Status.FAILED_PRECONDITION, 'not yet', statusDetails)),
    });
    const error = await pair.client.unary({}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TtrpcClientError);
    expect(error).toMatchObject({ code: Status.FAILED_PRECONDITION, statusDetails });
  });

  test('messages before a failure of a stream are delivered', async () => {
    await using pair = createEchoPair({
      async *serverStream() {
        yield { text: 'before' };
        throw new ServerError(Status.DATA_LOSS, 'broken');
      },
    });
    const seen: string[] = [];
    const read = async () => {
      for await (const { text } of pair.client.serverStream({})) seen.push(text);
    };
    await expect(read()).rejects.toMatchObject({ code: Status.DATA_LOSS });
    expect(seen).toEqual(['before']);
  });

  test('an error in the stream of requests is what the call rejects with', async () => {
    await using pair = createEchoPair();
    async function* broken(): AsyncGenerator<{ text: string }> {
      yield { text: 'x' };
      throw new Error('source failed');
    }
    await expect(pair.client.clientStream(broken())).rejects.toThrow('source failed');
    expect(pair.channel.activeCalls).toBe(0);
  });

  test.each([
    [{ fullName: 'hako.test.Other' }, {}, Status.UNIMPLEMENTED, 'hako.test.Other service does not exist'],
    [
      { fullName: 'hako.test.Other' },
      { unknownServiceStatus: Status.INVALID_ARGUMENT },
      Status.INVALID_ARGUMENT,
      /./,
    ],
    [
      { methods: { unary: { ...EchoDefinition.methods.unary, name: 'Nothing' } } },
      {},
      Status.UNIMPLEMENTED,
      'Nothing method',
    ],
  ])('a call of what the server does not have (%#) is refused', async (change, options, code, details) => {
    const [near, far] = createMemoryPair();
    await using server = createServer(options).add(EchoDefinition, echoService);
    server.serve(far);
    await using channel = createChannel(near);
    const client = createClient({ ...EchoDefinition, ...change }, channel);
    await expect(client.unary({})).rejects.toMatchObject({
      code,
      details: expect.stringMatching(details) as string,
    });
  });

  test('a request that does not decode is INTERNAL and leaves the connection alone', async () => {
    await using pair = createEchoPair();
    const route = { path, head: Uint8Array.from(headOf('hako.test.Echo', 'Unary')) };
    const broken = pair.channel.unary(route, Uint8Array.of(0x0a, 50), (reply) => reply, {});
    await expect(broken).rejects.toMatchObject({ code: Status.INTERNAL });
    expect(await pair.client.unary({ text: 'ok' })).toMatchObject({ text: 'ok' });
  });

  test('a message that does not encode rejects the call and does not spoil the next one', async () => {
    await using pair = createEchoPair();
    await expect(pair.client.unary({ text: 'x', count: -1 })).rejects.toThrow();
    expect(await pair.client.unary({ text: 'y' })).toEqual({ text: 'y', body: new Uint8Array(0), count: 0 });
  });

  test('a handler that returns nothing is UNKNOWN and is reported', async () => {
    await using pair = createEchoPair({ unary: (() => Promise.resolve(undefined)) as never });
    await expect(pair.client.unary({})).rejects.toMatchObject({ code: Status.UNKNOWN });
    expect(pair.handlerErrors).toHaveLength(1);
  });

  test('a service cannot be added twice, nor without all its methods', () => {
    const server = createServer();
    expect(() => server.add(EchoDefinition, {} as never)).toThrow(/lacks unary/);
    expect(() =>
      server.add({ fullName: 'a', methods: {} }, {}).add({ fullName: 'a', methods: {} }, {}),
    ).toThrow(/added before/);
  });
});

describe('metadata', () => {
  const entries = {
    TraceParent: '00-1-2-3',
    list: ['a', 'b', 'a'],
    'raw-bin': [Uint8Array.of(0, 255), Uint8Array.of(1)],
  };

  test.each([
    ["nice-grpc's, which joins texts", Metadata(entries), ['a, b, a']],
    ["ttRPC's own, which keeps them apart", createMetadata(entries), ['a', 'b', 'a']],
  ])('reaches the handler as it was sent: %s', async (_name, metadata, list) => {
    let seen: CallContext['metadata'] | undefined;
    await using pair = createEchoPair({
      unary: (request, context) => {
        seen = context.metadata;
        return Promise.resolve(request);
      },
    });
    await pair.client.unary({}, { metadata });
    expect([...(seen ?? [])].map(([key, values]) => [key, values.map(String)])).toEqual([
      ['traceparent', ['00-1-2-3']],
      ['list', list],
      ['raw-bin', [Buffer.from([0, 255]).toString(), Buffer.from([1]).toString()]],
    ]);
    expect(seen?.getAll('List')).toEqual(list);
    expect(seen?.get('list')).toBe('a, b, a');
    expect(seen?.get('raw-bin')).toEqual(Buffer.from([0, 255]));
    expect(seen?.get('missing')).toBeUndefined();
  });

  test('of our own may be any text, and is copied from other metadata', async () => {
    const metadata = createMetadata(Metadata({ a: '1' }))
      .append('a', 'grüße')
      .set('empty', '');
    let seen: unknown;
    await using pair = createEchoPair({
      unary: (request, context) => {
        seen = [...context.metadata];
        return Promise.resolve(request);
      },
    });
    await pair.client.unary({}, { metadata });
    expect(seen).toEqual([
      ['a', ['1', 'grüße']],
      ['empty', ['']],
    ]);
  });

  test.each([
    ['no key', () => createMetadata({ 'not a key': '' }), /illegal characters/],
    ['bytes under a key of text', () => createMetadata({ key: Uint8Array.of(1) }), /takes text/],
    ['text under a key of bytes', () => createMetadata().append('key-bin', 'x' as never), /takes bytes/],
  ])('of our own takes %s', (_name, make, message) => {
    expect(make).toThrow(message);
  });

  test('options by default are sent, and the options of a call go before them', async () => {
    const seen: unknown[] = [];
    await using pair = createEchoPair({
      unary: (request, context) => {
        seen.push(context.metadata.get('who'));
        return Promise.resolve(request);
      },
    });
    const client = createClient(EchoDefinition, pair.channel, {
      '*': { metadata: Metadata({ who: 'everyone' }) },
      unary: { metadata: Metadata({ who: 'unary' }) },
    });
    await client.unary({});
    await client.unary({}, { metadata: Metadata({ who: 'this call' }) });
    expect(seen).toEqual(['unary', 'this call']);
  });

  test('a context may be spread', async () => {
    await using pair = createEchoPair({
      unary: (request, context) => {
        const copy = { ...context };
        expect(copy.signal.aborted).toBe(false);
        expect(copy.metadata.get('k')).toBe('v');
        expect(copy.peer).toBe('stream');
        return Promise.resolve(request);
      },
    });
    await pair.client.unary({}, { metadata: Metadata({ k: 'v' }) });
  });
});

describe('the call context', () => {
  test.each([
    [undefined, undefined],
    [1500.5, 1500.5],
    [60_000, 60_000],
  ])('tells a handler the time the call was given: %s ms', async (timeoutMs, expected) => {
    const seen: unknown[] = [];
    const service: EchoServiceImplementation<TtrpcCallContext> = {
      ...echoService,
      unary: async (request, context) => {
        seen.push(context.timeoutMs);
        return request;
      },
      async *serverStream(_request, context) {
        seen.push(context.timeoutMs);
      },
    };
    const [near, far] = createMemoryPair();
    await using server = createServer().add(EchoDefinition, service);
    server.serve(far);
    await using channel = createChannel(near);
    const client = createClient(EchoDefinition, channel);
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    await client.unary({}, options);
    expect(await collect(client.serverStream({}, options))).toEqual([]);
    expect(seen).toEqual([expected, expected]);
  });
});

function headOf(service: string, method: string): number[] {
  return [0x0a, service.length, ...Buffer.from(service), 0x12, method.length, ...Buffer.from(method)];
}
