// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { CloseReason } from '../connection/close-reason.ts';
import type { ConnectionSink } from '../connection/frame-connection.ts';
import { FrameConnection } from '../connection/frame-connection.ts';
import { StreamTable } from '../connection/stream-table.ts';
import type { FrameWriter } from '../connection/frame-writer.ts';
import { viewOf } from '../envelope/wire-reader.ts';
import { frameFlag, frameType } from '../frame/frame-header.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';

/** A client's side of one stream that runs through the proxy. */
export interface ProxiedStream {
  /** A frame from the server; `last` when it ends the stream. */
  onFrame(type: number, flags: number, payload: Uint8Array, last: boolean): void;
  /** The stream cannot go on. */
  onFailure(error: TtrpcError): void;
}

const noBytes = new Uint8Array(0);
const maxStreamId = 0xffff_ffff;

/** The one connection to the server, with the stream ids used on it. */
export class ProxyUpstream implements ConnectionSink {
  readonly #connection: FrameConnection;
  readonly #limits: ConnectionLimits;
  readonly #cancelFrames: boolean;
  readonly #onOver: () => void;
  readonly #streams = new StreamTable<ProxiedStream>();
  #nextId = 1;
  #draining = false;

  constructor(stream: Duplex, limits: ConnectionLimits, cancelFrames: boolean, onOver: () => void) {
    this.#limits = limits;
    this.#cancelFrames = cancelFrames;
    this.#onOver = onOver;
    this.#connection = new FrameConnection(stream, limits, this);
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.closed;
  }

  get over(): boolean {
    return this.#draining || this.#connection.closeReason !== undefined;
  }

  get activeCalls(): number {
    return this.#streams.size;
  }

  get writer(): FrameWriter {
    return this.#connection.writer;
  }

  /**
   * Opens a stream with a client's request.
   * @returns the stream id used upstream.
   * @throws {@link TtrpcError} when no call can be taken.
   */
  open(stream: ProxiedStream, flags: number, payload: Uint8Array): number {
    if (this.over) throw new TtrpcError('shutting_down', 'proxy is closing');
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      throw new TtrpcError('queue_overflow', 'too many calls at once on the shared connection');
    }
    const streamId = this.#nextId;
    if (streamId > maxStreamId) {
      throw new TtrpcError('stream_ids_exhausted', 'shared connection has used up its stream ids');
    }
    this.#nextId += 2;
    this.#streams.set(streamId, stream);
    this.writer.write(streamId, frameType.request, flags, noBytes, 0, payload, noBytes);
    return streamId;
  }

  /** Passes on a further frame of an open stream. */
  send(streamId: number, type: number, flags: number, payload: Uint8Array): void {
    this.writer.write(streamId, type, flags, noBytes, 0, payload, noBytes);
  }

  /** Forgets a stream; late frames of the server are dropped. With `cancel` the server is told. */
  release(streamId: number, cancel: boolean): void {
    if (!this.#streams.delete(streamId)) return;
    if (cancel && this.#cancelFrames) this.send(streamId, frameType.cancel, 0, noBytes);
    this.#endIfDrained();
  }

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
    if (type === frameType.request) {
      throw new TtrpcError('protocol_violation', 'server opened a stream', { streamId });
    }
    const stream = this.#find(streamId);
    if (stream === undefined) return;
    const last =
      type === frameType.response || (type === frameType.data && (flags & frameFlag.remoteClosed) !== 0);
    // The client hears first, so that a drained proxy does not end under the reply.
    stream.onFrame(type, flags, viewOf(source, start, end), last);
    if (last) this.release(streamId, false);
  }

  onOversizedFrame(streamId: number, _type: number, _flags: number, payloadBytes: number): void {
    const stream = this.#find(streamId);
    if (stream === undefined) return;
    const limit = this.#limits.maxFrameBytes;
    const message = `message length ${payloadBytes} exceeds maximum message size of ${limit}`;
    stream.onFailure(new TtrpcError('frame_too_large', message, { streamId }));
    this.release(streamId, true);
  }

  onClose(reason: CloseReason): void {
    for (const stream of this.#streams.takeAll()) stream.onFailure(reason.error);
    this.#onOver();
  }

  #find(streamId: number): ProxiedStream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined && (streamId % 2 === 0 || streamId >= this.#nextId)) {
      throw new TtrpcError('protocol_violation', `frame for stream ${streamId}, which was never opened`, {
        streamId,
      });
    }
    return stream;
  }

  #endIfDrained(): void {
    if (this.#draining && this.#streams.size === 0) this.#connection.end();
  }
}
