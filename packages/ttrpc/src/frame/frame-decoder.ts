// SPDX-License-Identifier: Apache-2.0
import { TtrpcError } from '../ttrpc-error.ts';
import { frameHeaderBytes, readUint32 } from './frame-header.ts';

/** Who receives what a {@link FrameDecoder} finds. */
export interface FrameSink {
  /**
   * One whole frame; its payload is `source` from `start` to `end`. The bytes stay valid and are never written
   * again, but `source` may be much longer than the payload: copy what is kept for long.
   */
  onFrame(
    streamId: number,
    type: number,
    flags: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** A frame longer than the limit has begun; its payload is being skipped and will not be shown. */
  onOversizedFrame(streamId: number, type: number, flags: number, payloadBytes: number): void;
}

/**
 * Cuts a byte stream, in chunks of any size, into frames. Pure: no I/O, no timers.
 *
 * Frames that lie within one chunk are handed on without a copy. A frame that spans chunks is gathered in one buffer,
 * allocated only after its length was checked. The protocol reserves the first byte of a header as zero: a length of
 * 16 MiB and more is a violation; lengths between the limit and that are skipped and reported.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  readonly #header = new Uint8Array(frameHeaderBytes);
  #headerFill = 0;
  #body: Uint8Array | undefined;
  #bodyFill = 0;
  #skipBytes = 0;
  #stopped = false;

  /** @param maxFrameBytes - longest payload accepted, in bytes. */
  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Whether the bytes seen so far end exactly behind a frame. */
  get atBoundary(): boolean {
    return this.#headerFill === 0 && this.#skipBytes === 0;
  }

  /** Ignores all further bytes, those of the chunk being worked on included. */
  stop(): void {
    this.#stopped = true;
    this.#body = undefined;
  }

  /**
   * Takes the next chunk. The decoder may keep views of it, so the chunk must not be changed afterwards.
   * @throws {@link TtrpcError} `protocol_violation` when a header's reserved byte is set.
   */
  push(chunk: Uint8Array): void {
    let offset = 0;
    const length = chunk.length;
    while (offset < length && !this.#stopped) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, length - offset);
        this.#skipBytes -= skipped;
        offset += skipped;
      } else if (this.#headerFill === 0 && length - offset >= frameHeaderBytes) {
        offset = this.#begin(chunk, offset, chunk, offset + frameHeaderBytes);
      } else if (this.#headerFill < frameHeaderBytes) {
        offset = this.#fillHeader(chunk, offset);
      } else {
        offset = this.#fillBody(chunk, offset);
      }
    }
  }

  #fillHeader(chunk: Uint8Array, offset: number): number {
    const end = Math.min(chunk.length, offset + frameHeaderBytes - this.#headerFill);
    while (offset < end) this.#header[this.#headerFill++] = chunk[offset++] ?? 0;
    if (this.#headerFill < frameHeaderBytes) return offset;
    this.#headerFill = 0;
    return this.#begin(this.#header, 0, chunk, offset);
  }

  /** Judges the header at `at` in `header`, whose payload begins at `offset` in `chunk`; returns where to go on. */
  #begin(header: Uint8Array, at: number, chunk: Uint8Array, offset: number): number {
    const payloadBytes = readUint32(header, at);
    const streamId = readUint32(header, at + 4);
    const type = header[at + 8] ?? 0;
    const flags = header[at + 9] ?? 0;
    if (payloadBytes <= this.#maxFrameBytes) {
      const end = offset + payloadBytes;
      if (end <= chunk.length) {
        this.#sink.onFrame(streamId, type, flags, chunk, offset, end);
        return end;
      }
      if (header !== this.#header) this.#header.set(header.subarray(at, at + frameHeaderBytes));
      this.#headerFill = frameHeaderBytes;
      this.#body = Buffer.allocUnsafeSlow(payloadBytes);
      this.#bodyFill = 0;
      return offset;
    }
    if (payloadBytes >>> 24 !== 0) {
      this.stop();
      throw new TtrpcError('protocol_violation', `frame header announces ${payloadBytes} bytes`, {
        streamId,
      });
    }
    this.#skipBytes = payloadBytes;
    this.#sink.onOversizedFrame(streamId, type, flags, payloadBytes);
    return offset;
  }

  #fillBody(chunk: Uint8Array, offset: number): number {
    const body = this.#body;
    if (body === undefined) return chunk.length;
    const taken = Math.min(body.length - this.#bodyFill, chunk.length - offset);
    body.set(taken === chunk.length ? chunk : chunk.subarray(offset, offset + taken), this.#bodyFill);
    this.#bodyFill += taken;
    if (this.#bodyFill === body.length) {
      this.#headerFill = 0;
      this.#body = undefined;
      this.#sink.onFrame(
        readUint32(this.#header, 4),
        this.#header[8] ?? 0,
        this.#header[9] ?? 0,
        body,
        0,
        body.length,
      );
    }
    return offset + taken;
  }
}
