// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Metadata, ServerError, Status } from 'nice-grpc-common';
import type { CallTracer } from '../tracing/call-tracer.ts';

export { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
export { createSpanExporter, type SpanExporterOptions } from '../tracing/span-exporter.ts';

/** What a {@link createCallTracer} needs. */
export interface CallTracerOptions {
  /** Gets the finished spans; the tracer shuts it down. */
  readonly spanProcessor: SpanProcessor;
  /** Release of the agent. */
  readonly version: string;
}

const service = 'grpc.AgentService';
const closeLimitMs = 1_000;

/** Several values of one key count as one, joined by commas, as W3C wants it of `tracestate`. */
const metadataGetter: TextMapGetter<Metadata> = {
  keys: (metadata) => Array.from(metadata, ([key]) => key),
  get(metadata, key) {
    const values = metadata.getAll(key).filter((value) => typeof value === 'string');
    return values.length === 0 ? undefined : values.join(',');
  },
};

function failureOf(error: unknown): { readonly message: string; readonly attributes: Attributes } {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ServerError ? error.code : Status.CANCELLED;
  return { message, attributes: { 'rpc.grpc.status_code': code } };
}

/** A {@link CallTracer} on OpenTelemetry's published API; names of attributes are those of its conventions for RPC. */
export function createCallTracer({ spanProcessor, version }: CallTracerOptions): CallTracer {
  const resource = resourceFromAttributes({ 'service.name': 'kata-agent', 'service.version': version });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  const tracer = provider.getTracer('hako-agent', version);
  const propagator = new W3CTraceContextPropagator();
  return {
    async trace(method, metadata, handler) {
      const parent = propagator.extract(ROOT_CONTEXT, metadata, metadataGetter);
      const attributes = { 'rpc.system': 'ttrpc', 'rpc.service': service, 'rpc.method': method };
      const span = tracer.startSpan(`${service}/${method}`, { kind: SpanKind.SERVER, attributes }, parent);
      try {
        const answer = await handler();
        span.setAttribute('rpc.grpc.status_code', Status.OK);
        return answer;
      } catch (error) {
        const failure = failureOf(error);
        span.setAttributes(failure.attributes);
        span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
        throw error;
      } finally {
        span.end();
      }
    },
    async close() {
      const stop = new AbortController();
      // The host may be gone by now, and the agent ends anyhow.
      const late = delay(closeLimitMs, undefined, { signal: stop.signal });
      await Promise.race([provider.shutdown(), late]);
      late.catch(() => undefined);
      stop.abort();
    },
  };
}
