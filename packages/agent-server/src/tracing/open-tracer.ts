// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { createVsockDialer, findPort, openPort } from '@hako/linux';
import type { Logger } from '../logging/logger.ts';
import type { CallTracer } from './call-tracer.ts';

/** Virtio-serial port for spans, used when the machine has it. */
export const tracePortName = 'hako.trace.0';

/** Where Kata's trace forwarder listens: the host's context id and port. */
const collector = { cid: 2, port: 10240 };
const dialLimitMs = 2_000;

function connectToHost(): Promise<Duplex> {
  const path = findPort(tracePortName);
  if (path !== undefined) return Promise.try(() => openPort(path));
  return createVsockDialer()(collector, { timeoutMs: dialLimitMs });
}

/** Begins to record spans and to send them to the host, in batches. OpenTelemetry is loaded here and nowhere else. */
export async function openTracer(logger: Logger, version: string): Promise<CallTracer> {
  const { BatchSpanProcessor, createCallTracer, createSpanExporter } = await import('../optional/tracing.ts');
  const exporter = createSpanExporter({ connect: connectToHost, logger });
  return createCallTracer({ spanProcessor: new BatchSpanProcessor(exporter), version });
}
