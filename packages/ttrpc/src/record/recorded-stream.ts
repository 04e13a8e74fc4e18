// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';

/** Hears what passes through a {@link RecordedStream}, and may hold it back. */
export interface StreamTap {
  /** Bytes that arrived from the peer. */
  onRead(chunk: Uint8Array): void;
  /** Bytes that are sent to the peer. */
  onWritten(chunk: Uint8Array): void;
  /** The stream is closed. */
  onClose(): void;
  /** Whether the next bytes should wait for {@link StreamTap.whenRoom}. */
  readonly full: boolean;
  /** Calls back, once, when bytes may flow again. */
  whenRoom(task: () => void): void;
}

type Written = (error?: Error | null) => void;

/** A byte stream that is used in place of another one, which it owns, and shows a tap all that passes. */
export class RecordedStream extends Duplex {
  readonly #inner: Duplex;
  readonly #tap: StreamTap;

  constructor(inner: Duplex, tap: StreamTap) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    this.#tap = tap;
    inner.on('data', (chunk: Uint8Array) => {
      tap.onRead(chunk);
      if (!this.push(chunk) || tap.full) inner.pause();
    });
    inner.pause();
    inner.on('end', () => this.push(null));
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => {
      // After an orderly end the reader may still have bytes to read.
      if (!inner.readableEnded || !inner.writableFinished) this.destroy();
    });
    if (inner.destroyed) this.destroy();
  }

  override _read(): void {
    this.#tap.whenRoom(() => {
      if (!this.destroyed) this.#inner.resume();
    });
  }

  override _write(chunk: Uint8Array, _encoding: string, written: Written): void {
    this.#tap.onWritten(chunk);
    this.#inner.write(chunk, (error) => this.#finishWrite(error, written));
  }

  override _writev(items: { chunk: Uint8Array }[], written: Written): void {
    const last = items.at(-1);
    this.#inner.cork();
    for (const item of items) {
      this.#tap.onWritten(item.chunk);
      if (item === last) this.#inner.write(item.chunk, (error) => this.#finishWrite(error, written));
      else this.#inner.write(item.chunk);
    }
    this.#inner.uncork();
  }

  override _final(done: Written): void {
    this.#inner.end(() => done());
  }

  override _destroy(error: Error | null, done: Written): void {
    this.#inner.destroy();
    this.#tap.onClose();
    done(error);
  }

  #finishWrite(error: Error | null | undefined, written: Written): void {
    if (error !== null && error !== undefined) written(error);
    else this.#tap.whenRoom(() => written());
  }
}
