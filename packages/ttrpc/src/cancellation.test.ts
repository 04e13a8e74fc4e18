// SPDX-License-Identifier: Apache-2.0
import { isAbortError } from 'abort-controller-x';
import type { CallContext } from 'nice-grpc-common';
import { ServerError, Status } from 'nice-grpc-common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ChannelCallOptions, TtrpcError } from './index.ts';
import type { EchoMessage, EchoServiceImplementation } from './testing/echo-definition.ts';
import type { EchoPair } from './testing/echo-pair.ts';
import { createEchoPair } from './testing/echo-pair.ts';
import { Gate } from './testing/gate.ts';

/** Handlers of all shapes that start and then wait for their signal. */
function stuckHandlers(started: Gate<CallContext>): EchoServiceImplementation {
  const wait = (context: CallContext): Promise<never> => {
    started.open(context);
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
    });
  };
  const stream = (context: CallContext) =>
    (async function* stuck(): AsyncGenerator<Partial<EchoMessage>, void> {
      yield { text: 'begun' };
      await wait(context);
    })();
  return {
    unary: (_request, context) => wait(context),
    serverStream: (_request, context) => stream(context),
    clientStream: (_requests, context) => wait(context),
    bidiStream: (_requests, context) => stream(context),
  };
}

afterEach(() => vi.useRealTimers());

async function* openEnded(): AsyncGenerator<{ text: string }> {
  yield { text: 'x' };
  await new Promise(() => undefined);
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const message of stream) expect(message).toBeDefined();
}

const shapes: Record<string, (pair: EchoPair, options: ChannelCallOptions) => Promise<unknown>> = {
  unary: ({ client }, options) => client.unary({}, options),
  'server stream': ({ client }, options) => drain(client.serverStream({}, options)),
  'client stream': ({ client }, options) => client.clientStream(openEnded(), options),
  'bidirectional stream': ({ client }, options) => drain(client.bidiStream(openEnded(), options)),
};

describe.each(Object.entries(shapes))('a %s call', (_shape, call) => {
  test("ends by the caller's abort as AbortError, and the handler hears call_cancelled", async () => {
    const started = new Gate<CallContext>();
    await using pair = createEchoPair(stuckHandlers(started));
    const abort = new AbortController();
    const result = call(pair, { signal: abort.signal });
    const { signal } = await started.passed;
    const heard = new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
    abort.abort();
    await expect(result).rejects.toSatisfy(isAbortError);
    expect(await heard).toMatchObject({ code: 'call_cancelled' });
    expect(pair.channel.activeCalls).toBe(0);
    expect(pair.connection.activeCalls).toBe(0);
    expect(pair.handlerErrors).toEqual([]);
  });

  test('ends by its deadline as DEADLINE_EXCEEDED, on both sides', async () => {
    // The deadline comes when the handler runs, however slow the machine.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const started = new Gate<CallContext>();
    await using pair = createEchoPair(stuckHandlers(started));
    const result = call(pair, { timeoutMs: 30 });
    const { signal } = await started.passed;
    vi.advanceTimersByTime(30);
    await expect(result).rejects.toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    await new Promise((resolve) =>
      signal.aborted ? resolve(undefined) : signal.addEventListener('abort', resolve),
    );
    expect((signal.reason as TtrpcError).code).toMatch(/^(deadline_exceeded|call_cancelled)$/);
    expect(pair.connection.activeCalls).toBe(0);
  });

  test('ends by the loss of the connection as UNAVAILABLE with its cause, and the handler hears it', async () => {
    const started = new Gate<CallContext>();
    await using pair = createEchoPair(stuckHandlers(started));
    const result = call(pair, {});
    const { signal } = await started.passed;
    pair.connection.abort();
    expect(signal.aborted).toBe(true);
    await expect(result).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
      cause: { code: 'connection_closed' },
    });
  });

  test("ends by the peer's CANCELLED as ClientError, which no AbortError is", async () => {
    const cancelled = new ServerError(Status.CANCELLED, 'the server changed its mind');
    await using pair = createEchoPair({
      unary: () => Promise.reject(cancelled),
      clientStream: () => Promise.reject(cancelled),
      async *serverStream() {
        throw cancelled;
      },
      async *bidiStream() {
        throw cancelled;
      },
    });
    const error: unknown = await call(pair, {}).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: Status.CANCELLED, details: 'the server changed its mind' });
    expect(isAbortError(error)).toBe(false);
  });

  test('is not sent when its signal was aborted before', async () => {
    const started = new Gate<CallContext>();
    await using pair = createEchoPair(stuckHandlers(started));
    await expect(call(pair, { signal: AbortSignal.abort() })).rejects.toSatisfy(isAbortError);
    expect(pair.channel.activeCalls).toBe(0);
  });

  test.each([0, -5])('with %d ms left has exceeded its deadline already', async (timeoutMs) => {
    await using pair = createEchoPair();
    await expect(call(pair, { timeoutMs })).rejects.toMatchObject({ code: Status.DEADLINE_EXCEEDED });
  });

  test('fails on a channel that is closed', async () => {
    await using pair = createEchoPair();
    pair.channel.abort();
    await expect(call(pair, {})).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
      cause: { code: 'aborted' },
    });
  });
});

describe('without cancel frames', () => {
  test('an abandoned call ends here, the server works on, and its late reply is dropped', async () => {
    const started = new Gate<CallContext>();
    const release = new Gate();
    await using pair = createEchoPair(
      {
        unary: async (request, context) => {
          if (request.text !== 'slow') return request;
          started.open(context);
          await release.passed;
          return request;
        },
      },
      { channel: { cancelFrames: false } },
    );
    const abort = new AbortController();
    const result = pair.client.unary({ text: 'slow' }, { signal: abort.signal });
    const { signal } = await started.passed;
    abort.abort();
    await expect(result).rejects.toSatisfy(isAbortError);
    expect(await pair.client.unary({ text: 'next' })).toMatchObject({ text: 'next' });
    expect(signal.aborted).toBe(false);
    release.open();
    expect(await pair.client.unary({ text: 'after' })).toMatchObject({ text: 'after' });
    expect(pair.connection.activeCalls).toBe(0);
  });
});

test('leaving the loop over a server stream cancels the call', async () => {
  const started = new Gate<CallContext>();
  await using pair = createEchoPair(stuckHandlers(started));
  for await (const message of pair.client.serverStream({})) {
    expect(message.text).toBe('begun');
    break;
  }
  const { signal } = await started.passed;
  await new Promise((resolve) =>
    signal.aborted ? resolve(undefined) : signal.addEventListener('abort', resolve),
  );
  expect(pair.channel.activeCalls).toBe(0);
});

test('listeners on a shared signal do not pile up', async () => {
  await using pair = createEchoPair();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  for (let index = 0; index < 20; index++) await pair.client.unary({}, { signal });
  await drain(pair.client.serverStream({ count: 3 }, { signal }));
  expect(listeners).toBe(0);
});
