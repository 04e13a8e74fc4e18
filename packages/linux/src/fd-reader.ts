// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { setNonBlocking } from './fd-control.ts';
import { isToBeRepeated, systemError } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import type { PollHandle } from './ffi/poller.ts';
import { LinuxError } from './linux-error.ts';
import { isPtyMaster } from './pty.ts';
import type { WaitOptions, WaitSubject } from './wait-options.ts';
import { WaitQueue } from './wait-queue.ts';

/** Limits of one {@link FdReader.read}, and where its bytes go. */
export interface ReadOptions extends WaitOptions {
  /** Memory to read into, at most as much as fits; the answer is a view of its beginning. Default: fresh memory. */
  readonly into?: Uint8Array | undefined;
}

/**
 * Reads a pipe, pty master, socket or pollable character device in the event loop, without a thread.
 *
 * Nothing is read before somebody asks, so a slow reader stops the producer through the kernel's own buffer, and an
 * aborted read leaves its bytes there for the next one.
 */
export interface FdReader extends AsyncDisposable {
  readonly fd: number;
  /**
   * Waits until there is something and takes what is there, at most `maxBytes` (and at most 1 MiB at a time). Empty
   * means end of file; a pty master without any open slave counts as ended. Calls are served in order.
   *
   * @throws LinuxError `aborted`, `timed_out`, `closed`, `queue_overflow` (64 reads wait already), `invalid_argument`
   * for a limit below 1, or the errno name of read(2).
   */
  read(maxBytes: number, options?: ReadOptions): Promise<Uint8Array>;
  /**
   * Takes what is there, as much as fits, without waiting. The answer is a view of the beginning of `into`, empty at the end of
   * file; `undefined` when there is nothing yet or other reads wait.
   *
   * @throws LinuxError `closed`, or the errno name of read(2)
   */
  readNow(into: Uint8Array): Uint8Array | undefined;
  /** Closes the descriptor at once; waiting reads end with code `closed`. Idempotent. */
  close(): void;
}

const maxWaitingReads = 64;
const maxChunkBytes = 1024 * 1024;
const scratchBytes = 64 * 1024; // a pipe's default capacity
/** Reads answered without going through the loop; then it gets a turn, or a fast producer would starve it. */
const readsPerTurn = 16;

interface ReadRequest {
  readonly maxBytes: number;
  readonly into: Uint8Array | undefined;
}

/** Takes over a descriptor, which becomes non-blocking and is closed with the reader. Reading starts when asked. */
export function createFdReader(fd: number, libc: Libc = systemLibc()): FdReader {
  return new PollingReader(fd, libc);
}

class PollingReader implements FdReader {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #subject: WaitSubject;
  readonly #queue: WaitQueue<ReadRequest, Uint8Array>;
  #poll: PollHandle | undefined;
  #turn: NodeJS.Immediate | undefined;
  #readsLeft = readsPerTurn;
  #scratch: Uint8Array | undefined;
  #closed = false;

  constructor(fd: number, libc: Libc) {
    this.fd = fd;
    this.#libc = libc;
    this.#subject = { syscall: 'read', operand: `fd ${fd}` };
    this.#queue = new WaitQueue({
      subject: this.#subject,
      maxWaiting: maxWaitingReads,
      onWaiting: () => this.#serve(),
      onIdle: () => this.#poll?.cancel(),
    });
    setNonBlocking(fd, libc);
  }

  async read(maxBytes: number, options: ReadOptions = {}): Promise<Uint8Array> {
    if (!(maxBytes >= 1)) {
      throw new LinuxError({ code: 'invalid_argument', ...this.#subject, detail: `maxBytes ${maxBytes}` });
    }
    const { into } = options;
    const limit = Math.min(Math.floor(maxBytes), maxChunkBytes, into?.length ?? maxChunkBytes);
    return this.#queue.enqueue({ maxBytes: limit, into }, options);
  }

  readNow(into: Uint8Array): Uint8Array | undefined {
    if (this.#closed) throw new LinuxError({ code: 'closed', ...this.#subject });
    if (this.#queue.head !== undefined || into.length === 0) return undefined;
    return this.#readNow({ maxBytes: Math.min(into.length, maxChunkBytes), into });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearImmediate(this.#turn);
    this.#poll?.close();
    closeSync(this.fd);
    this.#queue.close(() => new LinuxError({ code: 'closed', ...this.#subject }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #serve(): void {
    for (let entry = this.#queue.head; entry !== undefined; entry = this.#queue.head) {
      if (this.#turn !== undefined) return;
      if (this.#readsLeft === 0) {
        this.#yieldToLoop();
        return;
      }
      this.#readsLeft--;
      try {
        const bytes = this.#readNow(entry.request);
        if (bytes === undefined) {
          this.#waitUntilReadable();
          return;
        }
        entry.resolve(bytes);
      } catch (error) {
        entry.reject(error);
      }
    }
  }

  #yieldToLoop(): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#readsLeft = readsPerTurn;
      this.#serve();
    });
  }

  #waitUntilReadable(): void {
    this.#poll ??= this.#libc.poller.open(this.fd);
    this.#poll.wait('readable', () => {
      this.#readsLeft = readsPerTurn;
      this.#serve();
    });
  }

  /** @returns `undefined` when there is nothing yet. */
  #readNow({ maxBytes, into }: ReadRequest): Uint8Array | undefined {
    const buffer = into ?? (maxBytes > scratchBytes ? Buffer.allocUnsafeSlow(maxBytes) : this.#takeScratch());
    const length = this.#libc.call('read', this.fd, buffer, Math.min(maxBytes, buffer.length));
    if (length === -1) {
      const isEmpty = isToBeRepeated(this.#libc);
      if (into === undefined) this.#keepScratch(buffer);
      if (isEmpty) return undefined;
      const error = systemError(this.#libc, 'read', this.#subject.operand);
      if (error.code === 'EIO' && isPtyMaster(this.fd, this.#libc)) return new Uint8Array(0);
      throw error;
    }
    if (into !== undefined) return into.subarray(0, length);
    // A well-filled buffer is handed over; a little in it is copied, so that a few bytes do not hold 64 KiB.
    if (length * 2 >= buffer.length) return buffer.subarray(0, length);
    const copy = Uint8Array.prototype.slice.call(buffer, 0, length);
    this.#keepScratch(buffer);
    return copy;
  }

  #takeScratch(): Uint8Array {
    const buffer = this.#scratch ?? Buffer.allocUnsafeSlow(scratchBytes);
    this.#scratch = undefined;
    return buffer;
  }

  #keepScratch(buffer: Uint8Array): void {
    if (buffer.length === scratchBytes) this.#scratch = buffer;
  }
}
