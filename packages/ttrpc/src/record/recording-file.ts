// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

/** What a recording does when the file is slower than the connections. */
export type RecordingOverflow =
  /** The recorded streams wait for the file: nothing is lost, calls become slower. */
  | 'hold-back'
  /** Frames are dropped, and their number is recorded: calls keep their speed, the recording has holes. */
  | 'drop-frames';

/** Appends to a file in the background, in order, from a queue that is bounded by whoever asks {@link RecordingFile.full}. */
export class RecordingFile {
  readonly #handle: FileHandle;
  readonly #queueBytes: number;
  readonly #waiting = new Set<() => void>();
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  #error: Error | undefined;
  #closed = false;
  /** Bytes accepted so far. */
  bytes = 0;

  /** @param handle - the file, which is owned from now on. */
  constructor(handle: FileHandle, queueBytes: number) {
    this.#handle = handle;
    this.#queueBytes = queueBytes;
  }

  /** Creates the file, readable for its owner only: a recording holds whatever the calls carry. */
  static async create(path: string, queueBytes: number): Promise<RecordingFile> {
    return new RecordingFile(await open(path, 'wx', 0o600), queueBytes);
  }

  /** Whether the queue is at its bound. */
  get full(): boolean {
    return this.#queuedBytes >= this.#queueBytes;
  }

  /** Why nothing is written any more. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Queues bytes, whatever is queued already. Does nothing after a failure or the end. */
  append(bytes: Uint8Array): void {
    if (this.#error !== undefined || this.#closed) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.bytes += bytes.length;
    this.#writing ??= this.#write();
  }

  /** Calls back, once, when the queue is below its bound; at once when it is. */
  whenRoom(task: () => void): void {
    if (this.full) this.#waiting.add(task);
    else task();
  }

  /** Writes out what is queued and closes the file. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    await this.#handle.close().catch(this.#fail);
  }

  async #write(): Promise<void> {
    // Everything that is queued in this turn leaves in one write.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      const batchBytes = this.#queuedBytes;
      this.#queue = [];
      try {
        await writeAll(this.#handle, Buffer.concat(batch));
      } catch (error) {
        this.#fail(error);
      }
      this.#queuedBytes = this.#error === undefined ? this.#queuedBytes - batchBytes : 0;
      this.#release();
    }
    this.#writing = undefined;
  }

  readonly #fail = (cause: unknown): void => {
    this.#error ??= cause instanceof Error ? cause : new Error(String(cause));
    this.#queue = [];
  };

  #release(): void {
    for (const task of this.#waiting) {
      if (this.full) return;
      this.#waiting.delete(task);
      task();
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten;
}
