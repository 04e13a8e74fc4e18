// SPDX-License-Identifier: Apache-2.0
import { deadlineMiddleware } from 'nice-grpc-client-middleware-deadline';
import { retryMiddleware } from 'nice-grpc-client-middleware-retry';
import type { ClientMiddleware, ServerMiddleware } from 'nice-grpc-common';
import { ServerError, Status } from 'nice-grpc-common';
import {
  errorDetailsClientMiddleware,
  errorDetailsServerMiddleware,
  RichClientError,
  RichServerError,
} from 'nice-grpc-error-details';
import { describe, expect, test } from 'vitest';
import { createChannel, createClientFactory, createMemoryPair, createServer } from './index.ts';
import { EchoDefinition, echoService } from './testing/echo-definition.ts';
import { createEchoPair } from './testing/echo-pair.ts';

async function* from(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text };
}

describe('middleware as published for nice-grpc', () => {
  test('deadline: the call ends and the handler is told', async () => {
    let signal: AbortSignal | undefined;
    await using pair = createEchoPair({
      unary: (_request, context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      },
    });
    const client = createClientFactory().use(deadlineMiddleware).create(EchoDefinition, pair.channel);
    await expect(client.unary({}, { deadline: 30 })).rejects.toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
    });
    while (signal?.aborted !== true) await new Promise((resolve) => setImmediate(resolve));
  });

  test('retry: an idempotent call is repeated until it succeeds', async () => {
    let calls = 0;
    await using pair = createEchoPair({
      unary: (request) =>
        ++calls < 3
          ? Promise.reject(new ServerError(Status.UNAVAILABLE, 'not yet'))
          : Promise.resolve(request),
    });
    const client = createClientFactory()
      .use(retryMiddleware)
      .create(EchoDefinition, pair.channel, {
        '*': { retryBaseDelayMs: 1, retryMaxAttempts: 5 },
      });
    expect(await client.unary({ text: 'at last' })).toMatchObject({ text: 'at last' });
    expect(calls).toBe(3);
  });

  test('both together, and with options of their own', async () => {
    await using pair = createEchoPair({
      unary: () => Promise.reject(new ServerError(Status.UNAVAILABLE, 'never')),
    });
    const attempts: number[] = [];
    const client = createClientFactory()
      .use(deadlineMiddleware)
      .use(retryMiddleware)
      .create(EchoDefinition, pair.channel);
    const options = {
      deadline: 5000,
      retryBaseDelayMs: 1,
      retryMaxAttempts: 2,
      onRetryableError: (_error: unknown, attempt: number) => void attempts.push(attempt),
    };
    await expect(client.unary({}, options)).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    expect(attempts).toEqual([0, 1]);
  });

  test('error details: they travel in the status', async () => {
    const [near, far] = createMemoryPair();
    await using server = createServer()
      .use(errorDetailsServerMiddleware)
      .add(EchoDefinition, {
        ...echoService,
        unary: () =>
          Promise.reject(
            new RichServerError(Status.INVALID_ARGUMENT, 'bad', [
              { $type: 'google.rpc.ErrorInfo', reason: 'TEST', domain: 'hako', metadata: { k: 'v' } },
            ] as never),
          ),
      });
    server.serve(far);
    await using channel = createChannel(near);
    const client = createClientFactory().use(errorDetailsClientMiddleware).create(EchoDefinition, channel);
    const error: unknown = await client.unary({}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RichClientError);
    expect(error).toMatchObject({ extra: [{ $type: 'google.rpc.ErrorInfo', reason: 'TEST' }] });
  });
});

describe('order and shapes', () => {
  test('all shapes pass through layers on both sides, the first layer outermost', async () => {
    const log: string[] = [];
    const client = (name: string): ClientMiddleware =>
      async function* layer(call, options) {
        log.push(`${name} > ${call.method.path}`);
        const result = yield* call.next(call.request, options);
        log.push(`${name} <`);
        return result;
      };
    const serverSide: ServerMiddleware<{ user: string }> = async function* layer(call, context) {
      return yield* call.next(call.request, { ...context, user: 'root' });
    };
    const users: string[] = [];
    const [near, far] = createMemoryPair();
    await using server = createServer()
      .use(serverSide)
      .add(EchoDefinition, {
        ...echoService,
        unary: (request, context) => {
          users.push(context.user);
          return Promise.resolve(request);
        },
      });
    server.serve(far);
    await using channel = createChannel(near);
    const echo = createClientFactory()
      .use(client('outer'))
      .use(client('inner'))
      .create(EchoDefinition, channel);
    expect(await echo.unary({ text: 'u' })).toMatchObject({ text: 'u' });
    expect(log).toEqual([
      'outer > /hako.test.Echo/Unary',
      'inner > /hako.test.Echo/Unary',
      'inner <',
      'outer <',
    ]);
    expect(users).toEqual(['root']);
    expect(await echo.clientStream(from('a', 'b'))).toMatchObject({ text: 'a,b' });
    const texts: string[] = [];
    for await (const { text } of echo.serverStream({ text: 's', count: 2 })) texts.push(text);
    for await (const { text } of echo.bidiStream(from('x', 'y'))) texts.push(text);
    expect(texts).toEqual(['s0', 's1', 'x', 'y']);
  });

  test('a layer that yields a message where one reply is due is told so', async () => {
    await using pair = createEchoPair();
    const wrong: ClientMiddleware = async function* layer(call, options) {
      yield (yield* call.next(call.request, options)) as never;
    };
    const client = createClientFactory().use(wrong).create(EchoDefinition, pair.channel);
    await expect(client.unary({})).rejects.toThrow(/yielded a message/);
  });
});
