// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { createChannel, createClient, createServer, dial, listen } from '../index.ts';
import { EchoDefinition, echoService } from '../testing/echo-definition.ts';
import { createEchoPair } from '../testing/echo-pair.ts';
import { Gate } from '../testing/gate.ts';

describe('graceful shutdown of a server', () => {
  test('finishes calls in flight, refuses new ones, then ends the connection', async () => {
    const started = new Gate();
    const release = new Gate();
    await using pair = createEchoPair({
      unary: async (request) => {
        started.open();
        await release.passed;
        return request;
      },
    });
    const call = pair.client.unary({ text: 'in flight' });
    await started.passed;
    const shutdown = pair.server.shutdown();
    await expect(pair.client.unary({ text: 'new' })).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    release.open();
    expect(await call).toMatchObject({ text: 'in flight' });
    await shutdown;
    expect(await pair.channel.closed).toMatchObject({ kind: 'peer' });
    expect(pair.server.connections.size).toBe(0);
  });

  test.each([
    ['a time limit', () => ({ timeoutMs: 20 })],
    ['a signal', () => ({ signal: AbortSignal.timeout(20) })],
  ])('is cut short by %s', async (_name, options) => {
    const started = new Gate<AbortSignal>();
    await using pair = createEchoPair({
      unary: (_request, { signal }) => {
        started.open(signal);
        return new Promise(() => undefined);
      },
    });
    const call = pair.client.unary({});
    const signal = await started.passed;
    const rejected = expect(call).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    await pair.server.shutdown(options());
    expect(signal.reason).toMatchObject({ code: 'aborted' });
    await rejected;
  });

  test('closes listeners first, so that nobody gets in', async () => {
    const address = `unix://@ttrpc-test-${randomUUID()}`;
    await using server = createServer().add(EchoDefinition, echoService);
    server.listen(await listen(address));
    await using channel = createChannel(await dial(address));
    const client = createClient(EchoDefinition, channel);
    expect(await client.unary({ text: 'in' })).toMatchObject({ text: 'in' });
    expect([...server.connections].map(({ peer }) => peer)).toEqual(['unix']);
    await server.shutdown();
    await expect(dial(address)).rejects.toMatchObject({ code: 'dial_failed' });
    expect(() => server.listen({} as never)).toThrow(/shut down/);
  });

  test('may be called again, and after force', async () => {
    await using pair = createEchoPair();
    await pair.server.shutdown();
    await pair.server.shutdown();
    pair.server.forceShutdown();
  });
});

describe('graceful close of a channel', () => {
  test('waits for its calls, then ends the connection', async () => {
    const release = new Gate();
    await using pair = createEchoPair({ unary: (request) => release.passed.then(() => request) });
    const call = pair.client.unary({ text: 'in flight' });
    const closing = pair.channel.close();
    await expect(pair.client.unary({})).rejects.toMatchObject({ cause: { code: 'shutting_down' } });
    release.open();
    expect(await call).toMatchObject({ text: 'in flight' });
    await closing;
    expect(await pair.connection.closed).toMatchObject({ kind: 'peer' });
  });

  test('gives up when its time is over', async () => {
    await using pair = createEchoPair({ unary: () => new Promise(() => undefined) });
    const rejected = expect(pair.client.unary({})).rejects.toMatchObject({ cause: { code: 'aborted' } });
    await pair.channel.close({ timeoutMs: 10 });
    await rejected;
  });

  test('is at once when nothing is in flight, and may be repeated', async () => {
    await using pair = createEchoPair();
    await pair.channel.close();
    await pair.channel.close();
    pair.channel.abort();
    expect(await pair.channel.closed).toMatchObject({ kind: 'local' });
  });
});
