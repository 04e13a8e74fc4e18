// SPDX-License-Identifier: Apache-2.0
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { parseLogEntry, type LogEntry } from './log-entry.ts';
import { logDirectoryName, logFileNames } from './log-file.ts';

/** How soon a new line is seen. */
const pollIntervalMs = 100;

/** How a log is read. */
export interface FollowOptions {
  /** Tells whether the sandbox still runs; a log is followed as long as it does. */
  readonly isRunning: () => Promise<boolean>;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * Reads the log of a sandbox: the previous file, then the current one, then what is added while it is followed.
 * @param runDirectory run directory of the sandbox
 * @param options when to stop
 */
export async function* followLog(runDirectory: string, options: FollowOptions): AsyncGenerator<LogEntry> {
  const directory = join(runDirectory, logDirectoryName);
  const previous = await openIfPresent(join(directory, logFileNames.previous));
  if (previous !== undefined) yield* readAll(previous);
  let current = await openIfPresent(join(directory, logFileNames.current));
  while (current !== undefined) {
    const lines = new LineReader(current);
    let next: FileHandle | undefined;
    try {
      while (next === undefined) {
        const runs = !options.signal.aborted && (await options.isRunning());
        yield* lines.read();
        if (!runs) return;
        next = await openIfReplaced(join(directory, logFileNames.current), current);
        if (next !== undefined) yield* lines.read();
        else await delay(pollIntervalMs, undefined, { signal: options.signal }).catch(() => undefined);
      }
    } finally {
      await current.close();
    }
    current = next;
  }
}

async function* readAll(file: FileHandle): AsyncGenerator<LogEntry> {
  try {
    yield* new LineReader(file).read();
  } finally {
    await file.close();
  }
}

/** Reads whole lines, and keeps the half one at the end for the next time. */
class LineReader {
  readonly #file: FileHandle;
  #offset = 0;
  #rest = '';

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async *read(): AsyncGenerator<LogEntry> {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      // Lines are ASCII apart from JSON strings; cutting a character in two is avoided by reading bytes as latin1 here.
      const lines = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const entry = parseLogEntry(Buffer.from(line, 'latin1').toString('utf8'));
        if (entry !== undefined) yield entry;
      }
    }
  }
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  return open(path, 'r').catch(() => undefined);
}

async function openIfReplaced(path: string, current: FileHandle): Promise<FileHandle | undefined> {
  const candidate = await openIfPresent(path);
  if (candidate === undefined) return undefined;
  const [now, before] = await Promise.all([candidate.stat(), current.stat()]);
  if (now.ino !== before.ino) return candidate;
  await candidate.close();
  return undefined;
}
