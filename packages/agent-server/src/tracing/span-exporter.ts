// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../logging/logger.ts';
import { spanToOtlp } from './otlp-json.ts';

/** What a {@link createSpanExporter} needs. */
export interface SpanExporterOptions {
  /** Connects to whoever gathers the spans. */
  readonly connect: () => Promise<Duplex>;
  readonly logger: Logger;
}

const lengthBytes = 8;

/** One span as it travels: its length in bytes, 64 bits, big endian; then that many bytes of JSON. */
export function encodeSpan(span: ReadableSpan): Buffer {
  const json = Buffer.from(JSON.stringify(spanToOtlp(span)));
  const frame = Buffer.alloc(lengthBytes + json.length);
  frame.writeBigUInt64BE(BigInt(json.length));
  json.copy(frame, lengthBytes);
  return frame;
}

/**
 * Sends spans over one connection, made for the first of them and again after it has broken. A batch that cannot be sent
 * is dropped; the first failure of a row is logged.
 */
export function createSpanExporter({ connect, logger }: SpanExporterOptions): SpanExporter {
  let connection: Duplex | undefined;
  let hasFailed = false;

  async function connected(): Promise<Duplex> {
    if (connection !== undefined) return connection;
    const stream = await connect();
    connection = stream;
    stream.once('close', () => {
      if (connection === stream) connection = undefined;
    });
    // What broke it is told to the writer.
    stream
      .on('error', () => undefined)
      .once('end', () => stream.destroy())
      .resume();
    return stream;
  }

  async function send(spans: readonly ReadableSpan[]): Promise<void> {
    const stream = await connected();
    const bytes = Buffer.concat(spans.map(encodeSpan));
    await new Promise<void>((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  return {
    export(spans, done: (result: ExportResult) => void) {
      send(spans).then(
        () => {
          hasFailed = false;
          done({ code: ExportResultCode.SUCCESS });
        },
        (error: unknown) => {
          if (!hasFailed) logger.warn({ error, subsystem: 'tracing' }, 'spans cannot be sent');
          hasFailed = true;
          // Told here already: the SDK would throw it out of its timer.
          done({ code: ExportResultCode.SUCCESS });
        },
      );
    },
    shutdown() {
      const stream = connection;
      connection = undefined;
      if (stream === undefined) return Promise.resolve();
      return new Promise((resolve) => stream.once('close', resolve).end(() => stream.destroy()));
    },
  };
}
