// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createMemoryPair, createMetadata } from '@hako/ttrpc';
import { Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { BatchSpanProcessor, createCallTracer, createSpanExporter } from './tracing.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

/** Names of the spans that arrive until the connection is over. */
async function spanNames(host: Duplex): Promise<string[]> {
  const chunks: Buffer[] = [];
  host.on('data', (chunk: Buffer) => chunks.push(chunk));
  await Promise.race([once(host, 'close'), once(host, 'end')]);
  const names: string[] = [];
  for (let rest = Buffer.concat(chunks); rest.length > 0;) {
    const end = 8 + Number(rest.readBigUInt64BE());
    const json = JSON.parse(rest.toString('utf8', 8, end)) as {
      resourceSpans: { scopeSpans: { spans: { name: string; kind: number }[] }[] }[];
    };
    const span = json.resourceSpans[0]?.scopeSpans[0]?.spans[0];
    expect(span?.kind).toBe(2);
    names.push(span?.name ?? '');
    rest = rest.subarray(end);
  }
  return names;
}

function inMemory() {
  const exporter = new InMemorySpanExporter();
  const tracer = createCallTracer({ spanProcessor: new SimpleSpanProcessor(exporter), version: '1.2.3' });
  return { exporter, tracer };
}

test('a call is a span below the one its metadata names', async () => {
  const { exporter, tracer } = inMemory();
  await using harness = await startFakeAgent({ components: { tracer } });
  const metadata = createMetadata({
    traceparent: `00-${traceId}-${parentId}-01`,
    tracestate: ['a=1', 'b=2'],
  });
  await harness.client.getGuestDetails({}, { metadata });
  const [span, ...others] = exporter.getFinishedSpans();
  expect(others).toEqual([]);
  expect(span).toMatchObject({
    name: 'grpc.AgentService/GetGuestDetails',
    kind: SpanKind.SERVER,
    parentSpanContext: { traceId, spanId: parentId, isRemote: true },
    attributes: {
      'rpc.system': 'ttrpc',
      'rpc.service': 'grpc.AgentService',
      'rpc.method': 'GetGuestDetails',
      'rpc.grpc.status_code': Status.OK,
    },
    status: { code: SpanStatusCode.UNSET },
    resource: { attributes: { 'service.name': 'kata-agent', 'service.version': '1.2.3' } },
  });
  expect(span?.spanContext()).toMatchObject({ traceId, traceFlags: TraceFlags.SAMPLED });
  expect(span?.spanContext().traceState?.serialize()).toBe('a=1,b=2');
});

test.each([
  { title: 'no parent', metadata: {} },
  { title: 'a parent that makes no sense', metadata: { traceparent: '00-zz-zz-01' } },
])('a call with $title begins a trace', async ({ metadata }) => {
  const { exporter, tracer } = inMemory();
  await using harness = await startFakeAgent({ components: { tracer } });
  await harness.client.getMetrics({}, { metadata: createMetadata(metadata) });
  const [span] = exporter.getFinishedSpans();
  expect(span?.parentSpanContext).toBeUndefined();
  expect(span?.spanContext().traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
});

test('a call whose parent is not sampled is not recorded', async () => {
  const { exporter, tracer } = inMemory();
  await using harness = await startFakeAgent({ components: { tracer } });
  const metadata = createMetadata({ traceparent: `00-${traceId}-${parentId}-00` });
  await harness.client.getMetrics({}, { metadata });
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('a call that fails is a span with the status and the text', async () => {
  const { exporter, tracer } = inMemory();
  await using harness = await startFakeAgent({ components: { tracer } });
  await expect(harness.client.startContainer({ containerId: 'nope' })).rejects.toMatchObject({
    code: Status.INTERNAL,
  });
  expect(exporter.getFinishedSpans()).toMatchObject([
    {
      attributes: { 'rpc.grpc.status_code': Status.INTERNAL },
      status: { code: SpanStatusCode.ERROR, message: expect.stringContaining('nope') as unknown },
    },
  ]);
});

test('spans go to the host as length and OTLP JSON, over a new connection when the old one broke', async () => {
  const warnings: string[] = [];
  const ignore = () => undefined;
  const warn = (_fields: object, message: string) => void warnings.push(message);
  const hosts: Duplex[] = [];
  let refusals = 2;
  const connect = () => {
    refusals -= 1;
    if (refusals >= 0) return Promise.reject(new Error('ECONNRESET'));
    const [host, guest] = createMemoryPair();
    hosts.push(host);
    return Promise.resolve(guest);
  };
  const exporter = createSpanExporter({
    connect,
    logger: { debug: ignore, info: ignore, warn, error: ignore },
  });
  const spanProcessor = new BatchSpanProcessor(exporter);
  const tracer = createCallTracer({ spanProcessor, version: '1' });
  const send = async (method: string) => {
    await tracer.trace(method, createMetadata(), () => Promise.resolve());
    await spanProcessor.forceFlush();
  };
  for (const method of ['Lost', 'LostToo']) await send(method);
  expect(warnings).toEqual(['spans cannot be sent']);
  for (const method of ['First', 'Second']) await send(method);
  const received = spanNames(hosts[0]!);
  await send('Third');
  hosts[0]!.destroy();
  // Spans may be lost until the end of the old connection is noticed.
  for (let attempt = 0; hosts.length < 2; attempt += 1) await send(`Attempt${attempt}`);
  const later = spanNames(hosts[1]!);
  await tracer.close();
  expect(await received).toEqual(['First', 'Second', 'Third'].map((method) => `grpc.AgentService/${method}`));
  expect((await later).at(0)).toMatch(/^grpc\.AgentService\/Attempt/);
});
