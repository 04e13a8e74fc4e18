// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { statusOfThrown } from '../call-errors.ts';
import type { CloseReason } from '../connection/close-reason.ts';
import type { ConnectionSink } from '../connection/frame-connection.ts';
import { FrameConnection } from '../connection/frame-connection.ts';
import { StreamTable } from '../connection/stream-table.ts';
import { encodeResponseEnvelope } from '../envelope/response-envelope.ts';
import { viewOf } from '../envelope/wire-reader.ts';
import { frameType } from '../frame/frame-header.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { ProxiedStream, ProxyUpstream } from './proxy-upstream.ts';

const noBytes = new Uint8Array(0);

/** One client of a proxy: its connection, and where its streams run upstream. */
export class ProxyClient implements ConnectionSink {
  readonly #connection: FrameConnection;
  readonly #limits: ConnectionLimits;
  readonly #upstream: ProxyUpstream;
  /** Upstream's stream id by the client's. */
  readonly #streams = new StreamTable<number>();
  #heldBack = false;

  constructor(stream: Duplex, limits: ConnectionLimits, upstream: ProxyUpstream) {
    this.#limits = limits;
    this.#upstream = upstream;
    this.#connection = new FrameConnection(stream, limits, this);
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.closed;
  }

  /** Ends the connection behind what is still to be written. */
  end(): void {
    this.#connection.end();
  }

  onFrame(
    streamId: number,
    type: number,
    flags: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    const payload = viewOf(source, start, end);
    switch (type) {
      case frameType.request:
        this.#onRequest(streamId, flags, payload);
        break;
      case frameType.response:
        throw new TtrpcError('protocol_violation', 'client sent a response', { streamId });
      case frameType.cancel:
        this.#giveUp(streamId);
        break;
      default:
        this.#onData(streamId, type, flags, payload);
    }
    this.#holdBackBehind(type);
  }

  onOversizedFrame(streamId: number, _type: number, _flags: number, payloadBytes: number): void {
    const limit = this.#limits.maxFrameBytes;
    const message = `message length ${payloadBytes} exceeds maximum message size of ${limit}`;
    this.#refuse(streamId, new TtrpcError('frame_too_large', message, { streamId }));
    this.#giveUp(streamId);
  }

  onClose(): void {
    for (const upstreamId of this.#streams.takeAll()) this.#upstream.release(upstreamId, true);
  }

  #onRequest(streamId: number, flags: number, payload: Uint8Array): void {
    const inUse = this.#streams.get(streamId) !== undefined;
    if (inUse || streamId % 2 === 0) {
      const message = `stream id ${streamId} of a client is ${inUse ? 'in use' : 'even'}`;
      this.#refuse(streamId, new TtrpcError('invalid_argument', message, { streamId }));
      // The client sees one stream under this id, and it has just been told of its end.
      this.#giveUp(streamId);
      return;
    }
    try {
      this.#streams.set(streamId, this.#upstream.open(this.#proxied(streamId), flags, payload));
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      this.#refuse(streamId, error);
    }
  }

  #onData(streamId: number, type: number, flags: number, payload: Uint8Array): void {
    const upstreamId = this.#streams.get(streamId);
    if (upstreamId !== undefined) this.#upstream.send(upstreamId, type, flags, payload);
    else if (type === frameType.data) {
      this.#refuse(streamId, new TtrpcError('invalid_argument', 'stream is not open', { streamId }));
    }
  }

  #giveUp(streamId: number): void {
    const upstreamId = this.#streams.get(streamId);
    if (upstreamId === undefined) return;
    this.#streams.delete(streamId);
    this.#upstream.release(upstreamId, true);
  }

  #proxied(streamId: number): ProxiedStream {
    return {
      onFrame: (type, flags, payload, last) => {
        if (last) this.#streams.delete(streamId);
        this.#send(streamId, type, flags, payload);
      },
      onFailure: (error) => {
        this.#streams.delete(streamId);
        this.#refuse(streamId, error);
      },
    };
  }

  #refuse(streamId: number, error: TtrpcError): void {
    const response = encodeResponseEnvelope({ status: statusOfThrown(error), payload: noBytes });
    this.#send(streamId, frameType.response, 0, response);
  }

  /** A client that does not read is disconnected before its replies fill the memory. */
  #send(streamId: number, type: number, flags: number, payload: Uint8Array): void {
    const { writer } = this.#connection;
    writer.write(streamId, type, flags, noBytes, 0, payload, noBytes);
    if (!writer.congested) return;
    const bound = this.#limits.sendQueueBytes;
    this.#connection.abort(
      new TtrpcError('queue_overflow', `client has left more than ${bound} bytes unread`),
    );
  }

  /** A client that sends faster than upstream takes is not read until upstream has caught up. */
  #holdBackBehind(type: number): void {
    const { calls, data } = this.#upstream.writer;
    const line = type === frameType.data ? data : calls;
    if (this.#heldBack || line.ready) return;
    this.#heldBack = true;
    this.#connection.pause();
    line.whenReady(() => {
      this.#heldBack = false;
      this.#connection.resume();
    });
  }
}
