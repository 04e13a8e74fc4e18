// SPDX-License-Identifier: Apache-2.0
import { describeError } from '../errors/describe-error.ts';
import type { LogFields, Logger } from './logger.ts';

/** From silent to talkative, as in the option `agent.log`. */
export const logLevels = ['critical', 'error', 'warning', 'info', 'debug', 'trace'] as const;
/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** What a {@link createJsonLogger} needs. */
export interface JsonLoggerOptions {
  /** Lines below this level are not written. */
  readonly level: LogLevel;
  /** Release of the agent, a key of each line. */
  readonly version: string;
  /** Takes one line, newline included. */
  readonly write: (line: string) => void;
  /** The part of the agent that speaks. Default `rpc`. */
  readonly subsystem?: string;
  /** The process id printed. Default: the own one. */
  readonly pid?: number;
  /** Clock. Default: the system's. */
  readonly now?: () => Date;
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return describeError(value);
  if (typeof value === 'bigint') return value.toString();
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  );
}

/**
 * A logger that writes one JSON object per line with the keys of Kata's agent (`msg level ts name source subsystem pid
 * version`, all values text), so that upstream's runtime can read them.
 *
 * It is written by hand because loading a logging library costs more than everything else before the first answer.
 */
export function createJsonLogger(options: JsonLoggerOptions): Logger {
  const threshold = logLevels.indexOf(options.level);
  const pid = String(options.pid ?? process.pid);
  const now = options.now ?? (() => new Date());
  const emit = (rank: LogLevel, label: string) => (fields: LogFields, message: string) => {
    if (logLevels.indexOf(rank) > threshold) return;
    const line: Record<string, string> = {
      msg: message,
      level: label,
      ts: now().toISOString(),
      name: 'kata-agent',
      source: 'agent',
      subsystem: options.subsystem ?? 'rpc',
      pid,
      version: options.version,
    };
    for (const [key, value] of Object.entries(fields)) {
      if (value !== undefined) line[key] = toText(value);
    }
    options.write(`${JSON.stringify(line)}\n`);
  };
  return {
    debug: emit('debug', 'DEBG'),
    info: emit('info', 'INFO'),
    warn: emit('warning', 'WARN'),
    error: emit('error', 'ERRO'),
  };
}
