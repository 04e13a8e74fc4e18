// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { setNonBlocking } from './fd-control.ts';
import { isToBeRepeated, systemError } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import type { PollHandle } from './ffi/poller.ts';
import { LinuxError } from './linux-error.ts';
import type { WaitOptions, WaitSubject } from './wait-options.ts';
import { WaitQueue } from './wait-queue.ts';

/** Writes a pipe, pty master, socket or pollable character device in the event loop, without a thread. */
export interface FdWriter extends AsyncDisposable {
  readonly fd: number;
  /**
   * Resolves when the kernel has taken all bytes; calls are served in order. The bytes are not copied: leave them
   * alone until then.
   *
   * @throws LinuxError `EPIPE` when the reader is gone, `aborted`, `timed_out`, `closed`, `queue_overflow` (64 writes
   * wait already), or another errno name of write(2); `bytesWritten` tells how much had been taken.
   */
  write(bytes: Uint8Array, options?: WaitOptions): Promise<void>;
  /** Closes the descriptor at once; waiting writes end with code `closed`. Idempotent. */
  close(): void;
}

interface PendingWrite {
  readonly bytes: Uint8Array;
  written: number;
}

const maxWaitingWrites = 64;
/** Bytes written without going through the loop; then it gets a turn, or a fast consumer would starve it. */
const bytesPerTurn = 1024 * 1024;

/** Takes over a descriptor, which becomes non-blocking and is closed with the writer. */
export function createFdWriter(fd: number, libc: Libc = systemLibc()): FdWriter {
  return new PollingWriter(fd, libc);
}

class PollingWriter implements FdWriter {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #subject: WaitSubject;
  readonly #queue: WaitQueue<PendingWrite, undefined>;
  #poll: PollHandle | undefined;
  #turn: NodeJS.Immediate | undefined;
  #bytesLeft = bytesPerTurn;
  #closed = false;

  constructor(fd: number, libc: Libc) {
    this.fd = fd;
    this.#libc = libc;
    this.#subject = { syscall: 'write', operand: `fd ${fd}` };
    this.#queue = new WaitQueue({
      subject: this.#subject,
      maxWaiting: maxWaitingWrites,
      onWaiting: () => this.#serve(),
      onIdle: () => this.#poll?.cancel(),
      describe: withBytesWritten,
    });
    setNonBlocking(fd, libc);
  }

  async write(bytes: Uint8Array, options: WaitOptions = {}): Promise<void> {
    await this.#queue.enqueue({ bytes, written: 0 }, options);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearImmediate(this.#turn);
    this.#poll?.close();
    closeSync(this.fd);
    this.#queue.close((request) =>
      withBytesWritten(new LinuxError({ code: 'closed', ...this.#subject }), request),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #serve(): void {
    for (let entry = this.#queue.head; entry !== undefined; entry = this.#queue.head) {
      if (this.#turn !== undefined) return;
      if (this.#bytesLeft <= 0) {
        this.#yieldToLoop();
        return;
      }
      try {
        if (!this.#writeNow(entry.request)) {
          this.#waitUntilWritable();
          return;
        }
        if (entry.request.written === entry.request.bytes.length) entry.resolve(undefined);
      } catch (error) {
        entry.reject(error instanceof LinuxError ? withBytesWritten(error, entry.request) : error);
      }
    }
  }

  /** @returns whether the kernel took anything; it takes nothing of an empty request, which is then complete. */
  #writeNow(request: PendingWrite): boolean {
    if (request.bytes.length === 0) return true;
    const rest = request.bytes.subarray(request.written, request.written + bytesPerTurn);
    const length = writePieces(this.#libc, this.fd, rest);
    if (length === -1) {
      if (isToBeRepeated(this.#libc)) return false;
      throw systemError(this.#libc, 'write', this.#subject.operand);
    }
    request.written += length;
    this.#bytesLeft -= length;
    return true;
  }

  #yieldToLoop(): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#bytesLeft = bytesPerTurn;
      this.#serve();
    });
  }

  #waitUntilWritable(): void {
    this.#poll ??= this.#libc.poller.open(this.fd);
    this.#poll.wait('writable', () => {
      this.#bytesLeft = bytesPerTurn;
      this.#serve();
    });
  }
}

/** A virtio-serial port takes this much of each buffer it is given, see port_fops_write in the kernel's virtio_console.c. */
const pieceBytes = 32 * 1024;

/** One call for many pieces, each of which a port takes whole; to all other files they are one. */
function writePieces(libc: Libc, fd: number, bytes: Uint8Array): number {
  if (bytes.length <= pieceBytes) return libc.call('write', fd, bytes, bytes.length);
  const count = Math.ceil(bytes.length / pieceBytes);
  // An array of struct iovec: address and length, in the order of bytes of the machine.
  const vectors = new BigUint64Array(2 * count).fill(BigInt(pieceBytes));
  const start = libc.addressOf(bytes);
  for (let piece = 0; piece < count; piece += 1) vectors[2 * piece] = start + BigInt(piece * pieceBytes);
  vectors[2 * count - 1] = BigInt(bytes.length - (count - 1) * pieceBytes);
  return libc.call('writev', fd, new Uint8Array(vectors.buffer), count);
}

function withBytesWritten(error: LinuxError, request: PendingWrite): LinuxError {
  return new LinuxError({
    code: error.code,
    syscall: error.syscall,
    operand: error.operand,
    errno: error.errno,
    bytesWritten: request.written,
    detail: `${request.written} of ${request.bytes.length} bytes written`,
    cause: error.cause,
  });
}
