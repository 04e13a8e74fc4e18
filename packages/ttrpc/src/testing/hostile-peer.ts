// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { encodeRequestEnvelope } from '../envelope/request-envelope.ts';
import { decodeResponseEnvelope } from '../envelope/response-envelope.ts';
import { viewOf } from '../envelope/wire-reader.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import type { FrameHeader } from '../frame/frame-header.ts';
import { encodeFrame, frameType } from '../frame/frame-header.ts';
import { maxFramePayloadBytes } from '../limits.ts';

/** A frame that a {@link HostilePeer} received. */
export interface ReceivedFrame extends FrameHeader {
  readonly payload: Uint8Array;
}

/**
 * One end of a connection driven by hand: it sends any bytes, keeps no rules, and shows what comes back. For tests of
 * either side.
 */
export class HostilePeer {
  readonly #stream: Duplex;
  /** Frames nobody has asked for yet, the oldest last. */
  #frames: ReceivedFrame[] = [];
  /** Frames that came after those, the oldest first. */
  #later: ReceivedFrame[] = [];
  readonly #waiters: ((frame: ReceivedFrame | undefined) => void)[] = [];
  #over = false;

  /** @param stream - this end; the side under test has the other one. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    const decoder = new FrameDecoder(
      {
        onFrame: (streamId, type, flags, source, start, end) => {
          const payload = viewOf(source, start, end).slice();
          this.#push({ payloadBytes: payload.length, streamId, type, flags, payload });
        },
        onOversizedFrame: () => undefined,
      },
      maxFramePayloadBytes,
    );
    stream.on('data', (chunk: Uint8Array) => decoder.push(chunk));
    const onOver = (): void => {
      this.#over = true;
      for (const waiter of this.#waiters.splice(0)) waiter(undefined);
    };
    stream.on('end', onOver);
    stream.on('close', onOver);
    stream.on('error', onOver);
  }

  /** Whether the other side has ended the connection. */
  get over(): boolean {
    return this.#over;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Sends a frame, well-formed but not necessarily allowed. */
  sendFrame(streamId: number, type: number, flags: number, payload?: Uint8Array): void {
    this.send(encodeFrame(streamId, type, flags, payload));
  }

  /** Sends a request frame. */
  sendRequest(
    streamId: number,
    request: {
      readonly service: string;
      readonly method: string;
      readonly payload?: Uint8Array;
      readonly timeoutNano?: bigint;
    },
    flags = 0,
  ): void {
    const envelope = { payload: new Uint8Array(0), timeoutNano: 0n, metadata: [], ...request };
    this.sendFrame(streamId, frameType.request, flags, encodeRequestEnvelope(envelope));
  }

  /** The next frame from the other side; `undefined` when it has ended the connection. */
  next(): Promise<ReceivedFrame | undefined> {
    if (this.#frames.length === 0) {
      this.#frames = this.#later.reverse();
      this.#later = [];
    }
    const frame = this.#frames.pop();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The status code of the next frame, which has to be a response; 0 for success. */
  async nextStatus(): Promise<{
    readonly streamId: number;
    readonly code: number;
    readonly message: string;
  }> {
    const frame = await this.next();
    if (frame?.type !== frameType.response) {
      throw new Error(`expected a response, got ${frame === undefined ? 'the end' : `type ${frame.type}`}`);
    }
    const { status } = decodeResponseEnvelope(frame.payload);
    return { streamId: frame.streamId, code: status?.code ?? 0, message: status?.message ?? '' };
  }

  /** Waits until the other side has ended the connection; frames still to come are dropped. */
  async untilOver(): Promise<void> {
    while ((await this.next()) !== undefined);
  }

  /** Ends the connection from this side. */
  close(): void {
    this.#stream.destroy();
  }

  #push(frame: ReceivedFrame): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#later.push(frame);
    else waiter(frame);
  }
}
