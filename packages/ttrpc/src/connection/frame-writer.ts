// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { varintBytes, writeVarint } from '../envelope/wire-format.ts';
import { frameHeaderBytes, writeFrameHeader } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';

/** Small frames are gathered in buffers of this size. */
const slabBytes = 64 * 1024;
/** Payloads from this length on are handed to the stream as they are instead of being copied. */
export const referenceBytes = 16 * 1024;
const noBytes = new Uint8Array(0);

/**
 * Writes frames to a stream. All frames of one turn of the event loop leave in one write: they are put one behind the
 * other into a shared buffer, large payloads are referenced in between, and the flush runs when the turn's
 * microtasks are done.
 *
 * Bound: a sender that uses {@link FrameWriter.whenReady} waits in line while more than `sendQueueBytes` are unwritten.
 */
export class FrameWriter {
  readonly #stream: Duplex;
  readonly #sendQueueBytes: number;
  readonly #maxFrameBytes: number;
  readonly #flush = (): void => this.flush();
  readonly #onWritten = (): void => this.#release();
  readonly #waiting = new Set<() => void>();
  #line: SetIterator<() => void> | undefined;
  #slab: Uint8Array = noBytes;
  #slabStart = 0;
  #slabEnd = 0;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  #flushScheduled = false;
  #open = true;

  constructor(stream: Duplex, limits: { readonly sendQueueBytes: number; readonly maxFrameBytes: number }) {
    this.#stream = stream;
    this.#sendQueueBytes = limits.sendQueueBytes;
    this.#maxFrameBytes = limits.maxFrameBytes;
  }

  /** Bytes handed over and not yet taken by the operating system. */
  get queuedBytes(): number {
    return this.#chunkBytes + this.#slabEnd - this.#slabStart + this.#stream.writableLength;
  }

  /** Whether senders should wait. */
  get congested(): boolean {
    return this.queuedBytes > this.#sendQueueBytes;
  }

  /** Whether a sender may write now: there is room and nobody waits in line. */
  get ready(): boolean {
    return this.#waiting.size === 0 && !this.congested;
  }

  /**
   * Queues one frame, whatever is queued already. A payload shorter than {@link referenceBytes} is copied before this
   * returns; a longer one must not be changed any more. After {@link FrameWriter.stop} it does nothing.
   * @throws {@link TtrpcError} `frame_too_large`; nothing was queued then.
   */
  write(
    streamId: number,
    type: number,
    flags: number,
    head: Uint8Array,
    payloadTag: number,
    payload: Uint8Array,
    tail: Uint8Array,
  ): void {
    if (!this.#open) return;
    const bytes = payload.length;
    const fieldBytes = payloadTag === 0 || bytes === 0 ? 0 : 1 + varintBytes(bytes);
    const frameBytes = head.length + fieldBytes + bytes + tail.length;
    if (frameBytes > this.#maxFrameBytes) {
      throw new TtrpcError(
        'frame_too_large',
        `message length ${frameBytes} exceeds maximum message size of ${this.#maxFrameBytes}`,
        { streamId },
      );
    }
    const byReference = bytes >= referenceBytes;
    this.#reserve(frameHeaderBytes + frameBytes - (byReference ? bytes : 0));
    const slab = this.#slab;
    let at = this.#slabEnd;
    writeFrameHeader(slab, at, frameBytes, streamId, type, flags);
    at += frameHeaderBytes;
    at = append(slab, at, head);
    if (fieldBytes > 0) {
      slab[at] = payloadTag;
      at = writeVarint(slab, at + 1, bytes);
    }
    if (byReference) {
      this.#slabEnd = at;
      this.#cutSlab();
      this.#chunks.push(payload);
      this.#chunkBytes += bytes;
    } else {
      at = append(slab, at, payload);
    }
    this.#slabEnd = append(slab, at, tail);
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      // Runs after the microtasks of this turn, so replies that become ready together leave together.
      process.nextTick(this.#flush);
    }
  }

  /**
   * Runs `task` now, or in its turn when the queue has room again.
   * @returns a function that takes the task out of the line.
   */
  whenReady(task: () => void): () => void {
    if (this.ready) {
      task();
      return nothing;
    }
    // A wrapper per wait, so that the same function may wait twice.
    const entry = (): void => task();
    this.#waiting.add(entry);
    return () => {
      this.#waiting.delete(entry);
    };
  }

  /** Hands everything queued to the stream at once. */
  flush(): void {
    this.#flushScheduled = false;
    if (!this.#open) return;
    this.#cutSlab();
    const chunks = this.#chunks;
    const last = chunks.length - 1;
    if (last < 0) return;
    this.#chunks = [];
    this.#chunkBytes = 0;
    const stream = this.#stream;
    if (last > 0) stream.cork();
    for (const [index, chunk] of chunks.entries()) {
      if (index === last) stream.write(chunk, this.#onWritten);
      else stream.write(chunk);
    }
    if (last > 0) stream.uncork();
  }

  /** Drops what is queued and everyone who waits. */
  stop(): void {
    this.#open = false;
    this.#waiting.clear();
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#slab = noBytes;
    this.#slabStart = 0;
    this.#slabEnd = 0;
  }

  #release(): void {
    while (!this.congested) {
      // The iterator goes on where it stood: starting anew would pass over all that have left the line.
      this.#line ??= this.#waiting.values();
      const { done, value: task } = this.#line.next();
      if (done === true) {
        this.#line = undefined;
        return;
      }
      this.#waiting.delete(task);
      task();
    }
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#slabEnd >= bytes) return;
    this.#cutSlab();
    // Written slabs are never used again: a stream may hold on to them for as long as it likes.
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
    this.#slabStart = 0;
    this.#slabEnd = 0;
  }

  #cutSlab(): void {
    if (this.#slabEnd === this.#slabStart) return;
    this.#chunks.push(this.#slab.subarray(this.#slabStart, this.#slabEnd));
    this.#chunkBytes += this.#slabEnd - this.#slabStart;
    this.#slabStart = this.#slabEnd;
  }
}

/** Below this length a loop beats the call into the engine. */
const loopBytes = 24;

function append(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const length = bytes.length;
  if (length > loopBytes) target.set(bytes, at);
  else for (let index = 0; index < length; index++) target[at + index] = bytes[index] ?? 0;
  return at + length;
}

function nothing(): void {
  // There is nothing to take back: the task has run.
}

/** A payload that has to wait for its turn: what {@link FrameWriter.write} would copy is copied now. */
export function keepPayload(payload: Uint8Array): Uint8Array {
  return payload.length < referenceBytes ? payload.slice() : payload;
}
