// SPDX-License-Identifier: Apache-2.0

/** Which output a piece of log comes from. */
export type LogStreamName = 'stdout' | 'stderr';

/** One line of a log file: a piece of output as it arrived, byte for byte. */
export interface LogEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly stream: LogStreamName;
  readonly data: Buffer;
}

/**
 * Writes an entry as one line of JSON. Bytes that are not UTF-8 are kept in base64.
 * @param entry the entry
 */
export function formatLogEntry({ time, stream, data }: LogEntry): string {
  const text = data.toString('utf8');
  const content = Buffer.from(text, 'utf8').equals(data) ? { text } : { base64: data.toString('base64') };
  return `${JSON.stringify({ time, stream, ...content })}\n`;
}

/**
 * Reads a line back; `undefined` for what is not such a line.
 * @param line without its line break
 */
export function parseLogEntry(line: string): LogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('time' in value) || !('stream' in value))
    return undefined;
  const { time, stream } = value;
  if (typeof time !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  if ('text' in value && typeof value.text === 'string')
    return { time, stream, data: Buffer.from(value.text) };
  if ('base64' in value && typeof value.base64 === 'string') {
    return { time, stream, data: Buffer.from(value.base64, 'base64') };
  }
  return undefined;
}
