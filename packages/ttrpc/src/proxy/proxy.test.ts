// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { isAbortError } from 'abort-controller-x';
import { Metadata, Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import type { EchoServiceImplementation } from '../testing/echo-definition.ts';
import { createProxyPair } from '../testing/proxy-pair.ts';
import {
  createChannel,
  createClient,
  createMemoryPair,
  createProxy,
  createSocketPair,
  dial,
  encodeFrame,
  encodeRequestEnvelope,
  frameFlag,
  frameType,
  listen,
  TtrpcServerError,
} from '../index.ts';
import { EchoDefinition, EchoMessage } from '../testing/echo-definition.ts';
import { Gate } from '../testing/gate.ts';
import { HostilePeer } from '../testing/hostile-peer.ts';

async function* from(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield { text };
}

/** A unary handler that waits for its signal, and shows it. */
function stuck(signals: AbortSignal[], started: () => void): Partial<EchoServiceImplementation> {
  return {
    unary: (request, { signal }) => {
      if (request.text !== 'stuck') return Promise.resolve(request);
      signals.push(signal);
      started();
      return new Promise(() => undefined);
    },
  };
}

describe('transparency', () => {
  test('all shapes, metadata, statuses and details go through, for several clients at once', async () => {
    const details = [{ typeUrl: 'type.googleapis.com/x.Y', value: Uint8Array.of(1) }];
    await using pair = createProxyPair({
      unary: (request, context) =>
        request.text === 'fail'
          ? Promise.reject(new TtrpcServerError(Status.NOT_FOUND, 'none', details))
          : Promise.resolve({ text: `${request.text}:${context.metadata.get('who') ?? ''}` }),
    });
    await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const client = pair.connect();
        for (let round = 0; round < 20; round++) {
          const metadata = Metadata({ who: `client-${index}` });
          expect(await client.unary({ text: 'hi' }, { metadata })).toMatchObject({
            text: `hi:client-${index}`,
          });
        }
        const texts: string[] = [];
        for await (const { text } of client.serverStream({ text: 's', count: 3 })) texts.push(text);
        for await (const { text } of client.bidiStream(from('x', 'y'))) texts.push(text);
        expect(texts).toEqual(['s0', 's1', 's2', 'x', 'y']);
        expect(await client.clientStream(from('a', 'b'))).toMatchObject({ text: 'a,b' });
        await expect(client.unary({ text: 'fail' })).rejects.toMatchObject({
          code: Status.NOT_FOUND,
          details: 'none',
          statusDetails: details,
        });
      }),
    );
    expect(pair.proxy.clientCount).toBe(5);
    expect(pair.proxy.activeCalls).toBe(0);
  });

  test('messages of nearly 4 MiB go through both ways', async () => {
    await using pair = createProxyPair({}, await createSocketPair());
    const body = new Uint8Array(4 * 1024 * 1024 - 100).fill(7);
    const reply = await pair.connect().unary({ body });
    expect(Buffer.compare(reply.body, body)).toBe(0);
  });

  test('a cancel and a deadline of a client reach the handler', async () => {
    const signals: AbortSignal[] = [];
    let started = new Gate();
    await using pair = createProxyPair(stuck(signals, () => started.open()));
    const client = pair.connect();
    const abort = new AbortController();
    const call = client.unary({ text: 'stuck' }, { signal: abort.signal });
    await started.passed;
    abort.abort();
    await expect(call).rejects.toSatisfy(isAbortError);
    started = new Gate();
    await expect(client.unary({ text: 'stuck' }, { timeoutMs: 20 })).rejects.toMatchObject({
      code: Status.DEADLINE_EXCEEDED,
    });
    // The caller hears of its deadline first; its request, and its cancel behind it, may still be on their way.
    while (signals.length < 2 || signals.some((signal) => !signal.aborted) || pair.proxy.activeCalls > 0)
      await new Promise((resolve) => setImmediate(resolve));
    expect(await client.unary({ text: 'next' })).toMatchObject({ text: 'next' });
  });
});

describe('a client', () => {
  test('that dies frees its streams upstream, and only its own', async () => {
    const signals: AbortSignal[] = [];
    const started = new Gate();
    await using pair = createProxyPair(stuck(signals, () => signals.length === 3 && started.open()));
    const stream = pair.proxy.stream();
    const dying = createClient(EchoDefinition, createChannel(stream));
    const living = pair.connect();
    const lost = [dying.unary({ text: 'stuck' }), dying.unary({ text: 'stuck' })];
    const outcomes = Promise.allSettled(lost);
    const kept = living.unary({ text: 'stuck' });
    const keptOutcome = expect(kept).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    await started.passed;
    stream.destroy();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    while (pair.proxy.activeCalls > 1) await new Promise((resolve) => setImmediate(resolve));
    while (signals.filter((signal) => signal.aborted).length < 2)
      await new Promise((resolve) => setImmediate(resolve));
    expect(signals.filter((signal) => !signal.aborted)).toHaveLength(1);
    pair.proxy.abort();
    await keptOutcome;
  });

  test('that violates the protocol is disconnected alone', async () => {
    await using pair = createProxyPair();
    const other = pair.connect();
    const [near, far] = createMemoryPair();
    pair.proxy.serve(far);
    const hostile = new HostilePeer(near);
    hostile.sendFrame(1, frameType.response, 0);
    await hostile.untilOver();
    expect(await other.unary({ text: 'here' })).toMatchObject({ text: 'here' });
  });

  test('that opens a stream with a wrong id is told on that id, and goes on', async () => {
    const started = new Gate();
    await using pair = createProxyPair(stuck([], () => started.open()));
    const [near, far] = createMemoryPair();
    pair.proxy.serve(far);
    const hostile = new HostilePeer(near);
    hostile.sendRequest(4, { service: 'hako.test.Echo', method: 'Unary' });
    expect(await hostile.nextStatus()).toMatchObject({
      streamId: 4,
      code: Status.INVALID_ARGUMENT,
      message: expect.stringMatching(/even/) as string,
    });
    const payload = EchoMessage.encode(EchoMessage.fromPartial({ text: 'stuck' })).finish();
    hostile.sendRequest(5, { service: 'hako.test.Echo', method: 'Unary', payload });
    await started.passed;
    hostile.sendRequest(5, { service: 'hako.test.Echo', method: 'Unary' });
    expect(await hostile.nextStatus()).toMatchObject({
      streamId: 5,
      code: Status.INVALID_ARGUMENT,
      message: expect.stringMatching(/in use/) as string,
    });
    expect(pair.proxy.activeCalls).toBe(0);
    hostile.sendRequest(7, { service: 'hako.test.Echo', method: 'Unary' });
    expect(await hostile.nextStatus()).toMatchObject({ streamId: 7, code: 0 });
    hostile.close();
  });

  test('that sends an oversized frame or stray data is told on that stream', async () => {
    await using pair = createProxyPair();
    const [near, far] = createMemoryPair();
    pair.proxy.serve(far);
    const hostile = new HostilePeer(near);
    hostile.sendFrame(1, frameType.request, 0, new Uint8Array(4 * 1024 * 1024 + 1));
    expect(await hostile.nextStatus()).toMatchObject({ streamId: 1, code: Status.RESOURCE_EXHAUSTED });
    hostile.sendFrame(3, frameType.data, 0);
    expect(await hostile.nextStatus()).toMatchObject({ streamId: 3, code: Status.INVALID_ARGUMENT });
    hostile.sendRequest(5, { service: 'hako.test.Echo', method: 'Unary' });
    expect(await hostile.nextStatus()).toMatchObject({ streamId: 5, code: 0 });
    hostile.close();
  });

  test('that does not read is disconnected when its bound is passed; the others do not notice', async () => {
    await using pair = createProxyPair(
      {
        async *serverStream() {
          for (;;) {
            yield { body: new Uint8Array(50_000) };
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      },
      undefined,
      { clientQueueBytes: 500_000 },
    );
    const other = pair.connect();
    const [near, far] = createMemoryPair();
    pair.proxy.serve(far);
    near.pause();

    const request = {
      service: 'hako.test.Echo',
      method: 'ServerStream',
      payload: new Uint8Array(0),
      timeoutNano: 0n,
      metadata: [],
    };
    near.write(encodeFrame(1, frameType.request, frameFlag.remoteClosed, encodeRequestEnvelope(request)));
    await other.unary({ text: 'meanwhile' });
    while (pair.proxy.clientCount > 1) {
      expect(await other.unary({ text: 'fine' })).toMatchObject({ text: 'fine' });
    }
    while (pair.proxy.activeCalls > 0) await new Promise((resolve) => setImmediate(resolve));
    near.destroy();
  });
});

describe('upstream', () => {
  test('that ends answers calls with UNAVAILABLE, disconnects clients and closes the listener', async () => {
    const address = `unix://@ttrpc-proxy-${randomUUID()}`;
    const [upstream, server] = createMemoryPair();
    const proxy = createProxy({ upstream, listener: await listen(address) });
    const channel = createChannel(await dial(address));
    const call = createClient(EchoDefinition, channel).unary({});
    const outcome = expect(call).rejects.toMatchObject({ code: Status.UNAVAILABLE, cause: undefined });
    server.on('data', () => server.destroy());
    await outcome;
    expect(await proxy.closed).toMatchObject({ kind: 'peer' });
    expect(await channel.closed).toMatchObject({ kind: 'peer' });
    await expect(dial(address)).rejects.toMatchObject({ code: 'dial_failed' });
    expect(proxy.stream().destroyed || proxy.clientCount === 0).toBe(true);
  });

  test('that violates the protocol ends the proxy with a typed reason', async () => {
    const [upstream, server] = createMemoryPair();
    const proxy = createProxy({ upstream });
    new HostilePeer(server).send(Buffer.from('login: garbage from a serial line'));
    expect(await proxy.closed).toMatchObject({ kind: 'failed', error: { code: 'protocol_violation' } });
  });

  test('calls above the bound are refused', async () => {
    const signals: AbortSignal[] = [];
    const started = new Gate();
    await using pair = createProxyPair(
      stuck(signals, () => started.open()),
      undefined,
      { maxConcurrentStreams: 1 },
    );
    const first = pair.connect().unary({ text: 'stuck' });
    const outcome = expect(first).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    await started.passed;
    await expect(pair.connect().unary({})).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
    await pair.proxy.close({ timeoutMs: 10 });
    await outcome;
  });
});

test('a graceful close lets calls finish and refuses new ones', async () => {
  const started = new Gate();
  const release = new Gate();
  await using pair = createProxyPair({
    unary: async (request) => {
      started.open();
      await release.passed;
      return request;
    },
  });
  const client = pair.connect();
  const call = client.unary({ text: 'in flight' });
  await started.passed;
  const closing = pair.proxy.close();
  await expect(client.unary({})).rejects.toMatchObject({ code: Status.UNAVAILABLE });
  release.open();
  expect(await call).toMatchObject({ text: 'in flight' });
  await closing;
  expect(pair.proxy.clientCount).toBe(0);
});
