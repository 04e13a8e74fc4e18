// SPDX-License-Identifier: Apache-2.0
import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import { formatLogEntry, type LogStreamName } from './log-entry.ts';

/** Directory of the logs in a run directory. */
export const logDirectoryName = 'logs';

/** The file being written, and the one before it. */
export const logFileNames = { current: 'output.jsonl', previous: 'output.1.jsonl' } as const;

/** A file that grows beyond this becomes the previous one, and the previous one is dropped. */
const maxFileBytes = 16 * 1024 * 1024;

/** The log of a detached sandbox: both outputs in the order they arrived, bounded in size. */
export class LogFile {
  readonly #directory: string;
  readonly #maxFileBytes: number;
  #bytes: number;
  #queue: Promise<void> = Promise.resolve();

  private constructor(directory: string, maxBytes: number, bytes: number) {
    this.#directory = directory;
    this.#maxFileBytes = maxBytes;
    this.#bytes = bytes;
  }

  /**
   * Starts a log, or goes on with one.
   * @param runDirectory run directory of the sandbox
   * @param maxBytes size at which a new file is begun; default 16 MiB
   */
  static async create(runDirectory: string, maxBytes: number = maxFileBytes): Promise<LogFile> {
    const directory = join(runDirectory, logDirectoryName);
    const current = join(directory, logFileNames.current);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await appendFile(current, '', { mode: 0o600 });
    return new LogFile(directory, maxBytes, (await stat(current)).size);
  }

  /**
   * A stream whose bytes go into the log; a write is done when it is in the file, so a slow disk slows the writer.
   * @param stream which output it is
   */
  writer(stream: LogStreamName): Writable {
    return new Writable({
      write: (data: Buffer, _encoding, callback) => {
        const line = formatLogEntry({ time: new Date().toISOString(), stream, data });
        this.#queue = this.#queue.then(() => this.#append(line));
        this.#queue.then(() => callback(), callback);
      },
    });
  }

  async #append(line: string): Promise<void> {
    const current = join(this.#directory, logFileNames.current);
    if (this.#bytes > this.#maxFileBytes) {
      await rename(current, join(this.#directory, logFileNames.previous));
      this.#bytes = 0;
    }
    await appendFile(current, line, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(line);
  }
}
