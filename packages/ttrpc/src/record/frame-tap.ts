// SPDX-License-Identifier: Apache-2.0
import type { FrameSink } from '../frame/frame-decoder.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import { frameHeaderBytes, writeFrameHeader } from '../frame/frame-header.ts';
import { maxFramePayloadBytes } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { Side } from './recording-format.ts';
import { recordKind } from './recording-format.ts';

/** Takes a record of one connection. */
export type WriteRecord = (kind: number, ...body: Uint8Array[]) => void;

/** Listens to one direction of a connection and turns the bytes into records of its frames. */
export class FrameTap implements FrameSink {
  readonly #from: Side;
  readonly #write: WriteRecord;
  readonly #decoder = new FrameDecoder(this, maxFramePayloadBytes);

  /** @param from - whose bytes these are. */
  constructor(from: Side, write: WriteRecord) {
    this.#from = from;
    this.#write = write;
  }

  /** The next bytes, in chunks of any size. Never throws: what is no frame ends the recording of this direction. */
  push(chunk: Uint8Array): void {
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      this.#write(this.#from === 'client' ? recordKind.clientGarbage : recordKind.serverGarbage);
    }
  }

  onFrame(
    streamId: number,
    type: number,
    flags: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    const kind = this.#from === 'client' ? recordKind.clientFrame : recordKind.serverFrame;
    this.#write(kind, headerOf(end - start, streamId, type, flags), source.subarray(start, end));
  }

  onOversizedFrame(streamId: number, type: number, flags: number, payloadBytes: number): void {
    const kind = this.#from === 'client' ? recordKind.clientOversized : recordKind.serverOversized;
    this.#write(kind, headerOf(payloadBytes, streamId, type, flags));
  }
}

function headerOf(payloadBytes: number, streamId: number, type: number, flags: number): Uint8Array {
  const header = new Uint8Array(frameHeaderBytes);
  writeFrameHeader(header, 0, payloadBytes, streamId, type, flags);
  return header;
}
