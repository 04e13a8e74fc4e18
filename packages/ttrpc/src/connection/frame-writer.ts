// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { varintBytes, writeVarint } from '../envelope/wire-format.ts';
import { frameHeaderBytes, frameType, writeFrameHeader } from '../frame/frame-header.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { SendLine } from './send-line.ts';

/** Small frames are gathered in buffers of this size. */
const slabBytes = 64 * 1024;
/** Payloads from this length on are handed to the stream as they are instead of being copied. */
export const referenceBytes = 16 * 1024;
/** What each message of a stream counts beyond its bytes: both ends spend time on it, however short it is. */
const messageOverheadBytes = 2048;
/** How long streams whose messages are taken at once may write on before the event loop gets its turn, in milliseconds. */
const streamSliceMs = 1;
const noBytes = new Uint8Array(0);

/**
 * Writes frames to a stream. All frames of one turn of the event loop leave in one write: they are put one behind the
 * other into a shared buffer, large payloads are referenced in between, and the flush runs when the turn's
 * microtasks are done.
 *
 * Bounds: senders of calls wait in the line {@link FrameWriter.calls} while more than `sendQueueBytes` are unwritten, those
 * of a stream's messages in the line {@link FrameWriter.data} while more than `streamQueueBytes` of such messages are.
 * What is written has its place behind what was written before, so the second bound is also what a reply may have to
 * wait for because of streams.
 */
export class FrameWriter {
  /** Where requests wait. */
  readonly calls = new SendLine(() => !this.congested);
  /** Where messages of streams wait. */
  readonly data = new SendLine(() => this.#dataBytes <= this.#streamQueueBytes);
  readonly #stream: Duplex;
  readonly #sendQueueBytes: number;
  readonly #streamQueueBytes: number;
  readonly #maxFrameBytes: number;
  readonly #flush = (): void => this.flush();
  readonly #onWritten = (): void => this.calls.release();
  readonly #startSlice = (): void => {
    this.#sliceEndMs = performance.now() + streamSliceMs;
    this.data.release();
  };
  #slab: Uint8Array = noBytes;
  #slabStart = 0;
  #slabEnd = 0;
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** What the stream messages count that are not yet taken by the operating system, and those among them not yet flushed. */
  #dataBytes = 0;
  #unflushedDataBytes = 0;
  #sliceEndMs = 0;
  #flushScheduled = false;
  #open = true;

  constructor(
    stream: Duplex,
    limits: Pick<ConnectionLimits, 'sendQueueBytes' | 'streamQueueBytes' | 'maxFrameBytes'>,
  ) {
    this.#stream = stream;
    this.#sendQueueBytes = limits.sendQueueBytes;
    this.#streamQueueBytes = Math.min(limits.streamQueueBytes, limits.sendQueueBytes);
    this.#maxFrameBytes = limits.maxFrameBytes;
  }

  /** Bytes handed over and not yet taken by the operating system. */
  get queuedBytes(): number {
    return this.#chunkBytes + this.#slabEnd - this.#slabStart + this.#stream.writableLength;
  }

  /** Whether more than `sendQueueBytes` are unwritten. */
  get congested(): boolean {
    return this.queuedBytes > this.#sendQueueBytes;
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
    if (type === frameType.data) {
      this.#dataBytes += frameBytes + messageOverheadBytes;
      this.#unflushedDataBytes += frameBytes + messageOverheadBytes;
    }
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      // Runs after the microtasks of this turn, so replies that become ready together leave together.
      process.nextTick(this.#flush);
    }
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
    const onWritten = this.#unflushedDataBytes === 0 ? this.#onWritten : this.#whenDataIsWritten();
    if (last > 0) stream.cork();
    for (const [index, chunk] of chunks.entries()) {
      if (index === last) stream.write(chunk, onWritten);
      else stream.write(chunk);
    }
    if (last > 0) stream.uncork();
  }

  /** Drops what is queued and everyone who waits. */
  stop(): void {
    this.#open = false;
    this.calls.clear();
    this.data.clear();
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#slab = noBytes;
    this.#slabStart = 0;
    this.#slabEnd = 0;
  }

  #whenDataIsWritten(): () => void {
    const written = this.#unflushedDataBytes;
    this.#unflushedDataBytes = 0;
    return () => {
      this.#dataBytes -= written;
      this.calls.release();
      if (this.data.empty) return;
      // Writes that are taken at once never come back to the event loop, which has requests to read.
      if (performance.now() < this.#sliceEndMs) this.data.release();
      else setImmediate(this.#startSlice);
    };
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

/** A payload that has to wait for its turn: what {@link FrameWriter.write} would copy is copied now. */
export function keepPayload(payload: Uint8Array): Uint8Array {
  return payload.length < referenceBytes ? payload.slice() : payload;
}
