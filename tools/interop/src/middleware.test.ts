// SPDX-License-Identifier: Apache-2.0
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { createChannel, createClientFactory, createServer, createSocketPair } from '@hako/ttrpc';
import type { ServiceImplementation } from '@hako/ttrpc';
import { deadlineMiddleware } from 'nice-grpc-client-middleware-deadline';
import { retryMiddleware } from 'nice-grpc-client-middleware-retry';
import { ServerError, Status } from 'nice-grpc-common';
import { openTelemetryClientMiddleware, openTelemetryServerMiddleware } from 'nice-grpc-opentelemetry';
import { prometheusClientMiddleware, prometheusServerMiddleware, registry } from 'nice-grpc-prometheus';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InteropDefinition } from './generated/hako/interop/v1/interop.ts';
import { createInteropService } from './peer/service.ts';
import { Watches } from './peer/watches.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => provider.register());

afterEach(() => {
  exporter.reset();
  registry.resetMetrics();
});

afterAll(async () => {
  await provider.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

/** A client and a server with every published middleware that is for them, on a socket between the two. */
async function connect(changes: Partial<ServiceImplementation<typeof InteropDefinition>> = {}) {
  const resources = new AsyncDisposableStack();
  const [clientEnd, serverEnd] = resources.use(await createSocketPair());
  const server = resources.use(createServer());
  server
    .use(prometheusServerMiddleware())
    .use(openTelemetryServerMiddleware())
    .add(InteropDefinition, { ...createInteropService(new Watches()), ...changes });
  server.serve(serverEnd);
  const channel = resources.use(createChannel(clientEnd));
  const client = createClientFactory()
    .use(prometheusClientMiddleware())
    .use(openTelemetryClientMiddleware())
    .use(retryMiddleware)
    .use(deadlineMiddleware)
    .create(InteropDefinition, channel);
  return { client, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function metric(name: string): Promise<{ labels: Record<string, unknown>; value: number }[]> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return values.map(({ labels, value }) => ({ labels, value }));
}

describe('middleware published for nice-grpc, unmodified', () => {
  test('deadline: a call that takes too long is DEADLINE_EXCEEDED, and its handler is stopped', async () => {
    const stopped = Promise.withResolvers<boolean>();
    await using pair = await connect({
      hold: async (_, { signal }) => {
        // The deadline may have come before the handler.
        await new Promise((resolve) =>
          signal.aborted ? resolve(undefined) : signal.addEventListener('abort', resolve),
        );
        stopped.resolve(signal.aborted);
        return {};
      },
    });
    const call = pair.client.hold({}, { deadline: 50 });
    await expect(call).rejects.toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    expect(await stopped.promise).toBe(true);
  });

  test('retry: a call is made again until it succeeds', async () => {
    let attempts = 0;
    await using pair = await connect({
      echo: async ({ text }) => {
        attempts += 1;
        if (attempts < 3) throw new ServerError(Status.UNAVAILABLE, 'not yet');
        return { text };
      },
    });
    const reply = await pair.client.echo(
      { text: 'x' },
      { retry: true, retryBaseDelayMs: 1, retryMaxAttempts: 5 },
    );
    expect(reply.text).toBe('x');
    expect(attempts).toBe(3);
  });

  test('OpenTelemetry: the server span is a child of the client span, through the metadata', async () => {
    await using pair = await connect();
    await pair.client.echo({ text: 'traced' });
    const spans = exporter.getFinishedSpans();
    const client = spans.find(({ kind }) => kind === SpanKind.CLIENT);
    const server = spans.find(({ kind }) => kind === SpanKind.SERVER);
    expect(client?.name).toBe('hako.interop.v1.Interop/Echo');
    expect(server?.name).toBe('hako.interop.v1.Interop/Echo');
    expect(server?.parentSpanContext?.spanId).toBe(client?.spanContext().spanId);
    expect(server?.spanContext().traceId).toBe(client?.spanContext().traceId);
  });

  test('OpenTelemetry: a failure marks both spans', async () => {
    await using pair = await connect();
    await expect(pair.client.fail({ code: Status.NOT_FOUND, message: 'gone' })).rejects.toThrow('gone');
    const statuses = exporter.getFinishedSpans().map(({ status }) => status);
    expect(statuses).toHaveLength(2);
    expect(statuses).toEqual(
      statuses.map(() => ({ code: SpanStatusCode.ERROR, message: 'NOT_FOUND: gone' })),
    );
  });

  test('OpenTelemetry: the messages of a stream are events of its spans', async () => {
    await using pair = await connect();
    const values: number[] = [];
    for await (const { value } of pair.client.count({ upto: 3 })) values.push(value);
    expect(values).toEqual([1, 2, 3]);
    expect(exporter.getFinishedSpans().map(({ events }) => events.length)).toEqual([3, 3]);
  });

  test('Prometheus: calls are counted by method and code on both sides, messages of streams too', async () => {
    await using pair = await connect();
    await pair.client.echo({});
    await pair.client.fail({ code: Status.ABORTED }).catch(() => undefined);
    let messages = 0;
    for await (const { value } of pair.client.count({ upto: 3 })) messages = value;
    expect(messages).toBe(3);
    for (const side of ['client', 'server']) {
      const handled = await metric(`grpc_${side}_handled_total`);
      expect(handled.map(({ labels, value }) => [labels['grpc_method'], labels['grpc_code'], value])).toEqual(
        [
          ['Echo', 'OK', 1],
          ['Fail', 'ABORTED', 1],
          ['Count', 'OK', 1],
        ],
      );
    }
    const received = await metric('grpc_client_msg_received_total');
    expect(received.find(({ labels }) => labels['grpc_method'] === 'Count')?.value).toBe(3);
  });
});
