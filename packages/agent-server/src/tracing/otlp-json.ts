// SPDX-License-Identifier: Apache-2.0
import type { AttributeValue, HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

const nanosPerSecond = 1_000_000_000n;

function nanos([seconds, rest]: HrTime): string {
  return (BigInt(seconds) * nanosPerSecond + BigInt(rest)).toString();
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: value.toString() } : { doubleValue: value };
  }
  const values = value.filter((item) => item !== null && item !== undefined).map(anyValue);
  return { arrayValue: { values } };
}

function keyValues(attributes: Readonly<Record<string, unknown>>): readonly object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the SDK lets nothing else into attributes
    value === undefined ? [] : [{ key, value: anyValue(value as AttributeValue) }],
  );
}

/**
 * A finished span as OTLP's JSON (an `ExportTraceServiceRequest`), which every collector takes at `/v1/traces`. Source:
 * OTLP specification, JSON Protobuf encoding: ids in hexadecimal, 64-bit numbers as text, enums as numbers.
 */
export function spanToOtlp(span: ReadableSpan): object {
  const { traceId, spanId, traceState } = span.spanContext();
  const parentSpanId = span.parentSpanContext?.spanId;
  return {
    resourceSpans: [
      {
        resource: { attributes: keyValues(span.resource.attributes) },
        scopeSpans: [
          {
            scope: { name: span.instrumentationScope.name, version: span.instrumentationScope.version },
            spans: [
              {
                traceId,
                spanId,
                ...(parentSpanId === undefined ? {} : { parentSpanId }),
                ...(traceState === undefined ? {} : { traceState: traceState.serialize() }),
                name: span.name,
                // The API counts kinds from 0, OTLP from 1.
                kind: span.kind + 1,
                startTimeUnixNano: nanos(span.startTime),
                endTimeUnixNano: nanos(span.endTime),
                attributes: keyValues(span.attributes),
                status: span.status,
              },
            ],
          },
        ],
      },
    ],
  };
}
