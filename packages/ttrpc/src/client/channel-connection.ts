// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { CloseReason } from '../connection/close-reason.ts';
import type { ConnectionSink } from '../connection/frame-connection.ts';
import { FrameConnection } from '../connection/frame-connection.ts';
import { keepPayload } from '../connection/frame-writer.ts';
import { StreamTable } from '../connection/stream-table.ts';
import { sendDataFrame } from '../connection/send-data.ts';
import { frameType } from '../frame/frame-header.ts';
import { requestPayloadTag } from '../envelope/request-envelope.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';

/** A call that waits for frames of its stream. */
export interface PendingCall {
  /** The request is on its way under this stream id. */
  onOpen(streamId: number): void;
  /** A frame of this call's stream; see {@link ConnectionSink} for the bytes. */
  onFrame(type: number, flags: number, source: Uint8Array, start: number, end: number): void;
  /** The layers below failed: the call is over. */
  onFailure(error: TtrpcError): void;
}

const noBytes = new Uint8Array(0);
const maxStreamId = 0xffff_ffff;

/** The client's bookkeeping of one connection: stream ids, odd and rising, and who waits on which. */
export class ChannelConnection implements ConnectionSink {
  readonly limits: ConnectionLimits;
  readonly #cancelFrames: boolean;
  readonly #connection: FrameConnection;
  readonly #calls = new StreamTable<PendingCall>();
  #nextId = 1;
  readonly #waiting = new Set<PendingCall>();
  #draining = false;

  constructor(stream: Duplex, limits: ConnectionLimits, cancelFrames: boolean) {
    this.limits = limits;
    this.#cancelFrames = cancelFrames;
    this.#connection = new FrameConnection(stream, limits, this);
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.closed;
  }

  get activeCalls(): number {
    return this.#calls.size + this.#waiting.size;
  }

  /**
   * Opens a stream for `call` as soon as the send queue has room.
   * @returns a function that gives up waiting for room, `undefined` when the request is under way already.
   * @throws {@link TtrpcError} when no call can be taken.
   */
  open(
    call: PendingCall,
    flags: number,
    head: Uint8Array,
    payload: Uint8Array,
    tail: Uint8Array,
  ): (() => void) | undefined {
    this.#admit();
    const { writer } = this.#connection;
    if (writer.calls.ready) {
      this.#send(call, flags, head, payload, tail);
      return undefined;
    }
    this.#waiting.add(call);
    const kept = keepPayload(payload);
    const cancel = writer.calls.whenReady(() => {
      this.#waiting.delete(call);
      this.#send(call, flags, head, kept, tail);
    });
    return () => {
      cancel();
      this.#waiting.delete(call);
      this.#endIfDrained();
    };
  }

  /** Sends a data frame of an open stream; see {@link sendDataFrame}. */
  sendData(
    streamId: number,
    flags: number,
    payload: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    return sendDataFrame(this.#connection.writer, streamId, flags, payload, signal);
  }

  /** Forgets a call that has ended; with `cancel` the server is told that nobody waits any more. */
  release(streamId: number, cancel: boolean): void {
    if (!this.#calls.delete(streamId)) return;
    if (cancel && this.#cancelFrames) {
      this.#connection.writer.write(streamId, frameType.cancel, 0, noBytes, 0, noBytes, noBytes);
    }
    this.#endIfDrained();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** Takes no new calls and ends the connection when the last one is over. */
  drain(): void {
    this.#draining = true;
    this.#endIfDrained();
  }

  abort(error: TtrpcError): void {
    this.#connection.abort(error);
  }

  onFrame(
    streamId: number,
    type: number,
    flags: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (type !== frameType.response && type !== frameType.data) {
      if (type === frameType.request) {
        throw new TtrpcError('protocol_violation', 'server opened a stream', { streamId });
      }
      return;
    }
    const call = this.#calls.get(streamId);
    if (call === undefined) this.#expectLate(streamId);
    else call.onFrame(type, flags, source, start, end);
  }

  onOversizedFrame(streamId: number, _type: number, _flags: number, payloadBytes: number): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) {
      this.#expectLate(streamId);
      return;
    }
    this.release(streamId, true);
    call.onFailure(
      new TtrpcError(
        'frame_too_large',
        `message length ${payloadBytes} exceeds maximum message size of ${this.limits.maxFrameBytes}`,
        { streamId },
      ),
    );
  }

  onClose(reason: CloseReason): void {
    const calls = [...this.#calls.takeAll(), ...this.#waiting];
    this.#waiting.clear();
    for (const call of calls) call.onFailure(reason.error);
  }

  #send(call: PendingCall, flags: number, head: Uint8Array, payload: Uint8Array, tail: Uint8Array): void {
    const streamId = this.#nextId;
    try {
      if (streamId > maxStreamId) {
        throw new TtrpcError('stream_ids_exhausted', 'connection has used up its stream ids');
      }
      this.#connection.writer.write(
        streamId,
        frameType.request,
        flags,
        head,
        requestPayloadTag,
        payload,
        tail,
      );
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      call.onFailure(error);
      this.#endIfDrained();
      return;
    }
    this.#nextId += 2;
    this.#calls.set(streamId, call);
    call.onOpen(streamId);
  }

  #admit(): void {
    const over = this.#connection.closeReason;
    if (over !== undefined) throw over.error;
    if (this.#draining) throw new TtrpcError('shutting_down', 'channel is closing');
    if (this.activeCalls >= this.limits.maxConcurrentStreams) {
      throw new TtrpcError('queue_overflow', `more than ${this.limits.maxConcurrentStreams} calls at once`);
    }
  }

  /** A frame without a call is an answer that came too late, unless its stream was never opened. */
  #expectLate(streamId: number): void {
    if (streamId % 2 === 1 && streamId < this.#nextId) return;
    throw new TtrpcError('protocol_violation', `frame for stream ${streamId}, which was never opened`, {
      streamId,
    });
  }

  #endIfDrained(): void {
    if (this.#draining && this.activeCalls === 0) this.#connection.end();
  }
}
