// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { Status } from 'nice-grpc-common';
import type { CloseReason } from '../connection/close-reason.ts';
import type { ConnectionSink } from '../connection/frame-connection.ts';
import { FrameConnection } from '../connection/frame-connection.ts';
import type { FrameWriter } from '../connection/frame-writer.ts';
import { StreamTable } from '../connection/stream-table.ts';
import type { MessageEncoder } from '../definition/message-encoder.ts';
import { readRequestEnvelope } from '../envelope/request-envelope.ts';
import { encodeResponseEnvelope } from '../envelope/response-envelope.ts';
import type { StatusMessage } from '../envelope/status-message.ts';
import { decodeText } from '../envelope/wire-reader.ts';
import { frameType } from '../frame/frame-header.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { ServerCallHost } from './server-call.ts';
import { ServerCall } from './server-call.ts';
import type { RouteTable } from './server-route.ts';

/** What all connections of a server share. */
export interface ConnectionSettings {
  readonly routes: RouteTable;
  readonly encoder: MessageEncoder;
  readonly limits: ConnectionLimits;
  /** See `ServerOptions.streamIds`. */
  readonly streamIds: 'rising' | 'unique';
  readonly unknownServiceStatus: Status;
  onHandlerError(error: unknown, path: string): void;
}

const noBytes = new Uint8Array(0);

/** The server's bookkeeping of one connection: which calls are open, and what their frames mean. */
export class ServerConnection implements ConnectionSink, ServerCallHost {
  readonly peer: string;
  readonly #settings: ConnectionSettings;
  readonly #connection: FrameConnection;
  readonly #calls = new StreamTable<ServerCall>();
  #highestId = 0;
  #draining = false;
  #congested = false;

  constructor(stream: Duplex, peer: string, settings: ConnectionSettings) {
    this.peer = peer;
    this.#settings = settings;
    this.#connection = new FrameConnection(stream, settings.limits, this);
  }

  get writer(): FrameWriter {
    return this.#connection.writer;
  }

  get encoder(): MessageEncoder {
    return this.#settings.encoder;
  }

  get limits(): ConnectionLimits {
    return this.#settings.limits;
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.closed;
  }

  get activeCalls(): number {
    return this.#calls.size;
  }

  /** Refuses new calls and ends the connection when the last one is over. */
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
    switch (type) {
      case frameType.request:
        this.#onRequest(streamId, flags, source, start, end);
        return;
      case frameType.data:
        this.#onData(streamId, flags, source, start, end);
        return;
      case frameType.cancel:
        this.#calls
          .get(streamId)
          ?.abort(new TtrpcError('call_cancelled', 'client cancelled the call', { streamId }));
        return;
      case frameType.response:
        throw new TtrpcError('protocol_violation', 'client sent a response', { streamId });
      default:
      // Types of later versions are ignored, as upstream does.
    }
  }

  onOversizedFrame(streamId: number, type: number, _flags: number, payloadBytes: number): void {
    const error = new TtrpcError(
      'frame_too_large',
      `message length ${payloadBytes} exceeds maximum message size of ${this.#settings.limits.maxFrameBytes}`,
      { streamId },
    );
    if (type !== frameType.request || this.#acceptId(streamId)) {
      this.#refuse(streamId, Status.RESOURCE_EXHAUSTED, error);
    }
  }

  onClose(reason: CloseReason): void {
    for (const call of this.#calls.takeAll()) call.abort(reason.error);
  }

  onPressure(full: boolean): void {
    if (full) this.#connection.pause();
    else this.#connection.resume();
  }

  onCallEnd(streamId: number): void {
    this.#calls.delete(streamId);
    this.#holdBackWhenCongested();
    this.#endIfDrained();
  }

  onHandlerError(error: unknown, path: string): void {
    this.#settings.onHandlerError(error, path);
  }

  sendStatus(streamId: number, status: StatusMessage): void {
    const response = encodeResponseEnvelope({ status, payload: noBytes });
    if (response.length <= this.#settings.limits.maxFrameBytes) {
      this.writer.write(streamId, frameType.response, 0, response, 0, noBytes, noBytes);
    } else {
      this.#answer(streamId, Status.RESOURCE_EXHAUSTED, 'status exceeds the maximum message size');
    }
  }

  #onRequest(streamId: number, flags: number, source: Uint8Array, start: number, end: number): void {
    if (!this.#acceptId(streamId)) return;
    if (this.#draining) {
      this.#answer(streamId, Status.UNAVAILABLE, 'server is shutting down');
      return;
    }
    if (this.#calls.size >= this.#settings.limits.maxConcurrentStreams) {
      this.#answer(streamId, Status.RESOURCE_EXHAUSTED, 'too many calls at once on this connection');
      return;
    }
    let request;
    try {
      request = readRequestEnvelope(source, start, end);
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      this.#answer(streamId, Status.INVALID_ARGUMENT, `request envelope does not decode: ${error.message}`);
      return;
    }
    const route = this.#settings.routes.find(request);
    if (route === 'unknown_service') {
      const service = printable(source, request.serviceStart, request.serviceEnd);
      this.#answer(streamId, this.#settings.unknownServiceStatus, `${service} service does not exist`);
    } else if (route === 'unknown_method') {
      const method = printable(source, request.methodStart, request.methodEnd);
      this.#answer(streamId, Status.UNIMPLEMENTED, `${method} method`);
    } else {
      const call = new ServerCall(this, streamId, route, request);
      this.#calls.set(streamId, call);
      call.start(request, flags);
    }
  }

  #onData(streamId: number, flags: number, source: Uint8Array, start: number, end: number): void {
    const call = this.#calls.get(streamId);
    if (call !== undefined) call.onData(flags, source, start, end);
    // Most often it has crossed the end of its call, which is no fault.
    else this.#answer(streamId, Status.INVALID_ARGUMENT, 'stream is not open');
  }

  /** Checks the id of a new stream. A wrong one is refused, and costs no other stream anything. */
  #acceptId(streamId: number): boolean {
    const fault = this.#faultOf(streamId);
    if (fault === undefined) {
      this.#highestId = Math.max(this.#highestId, streamId);
      return true;
    }
    const message = `stream id ${streamId} ${fault}`;
    this.#refuse(
      streamId,
      Status.INVALID_ARGUMENT,
      new TtrpcError('protocol_violation', message, { streamId }),
    );
    return false;
  }

  #faultOf(streamId: number): string | undefined {
    if (streamId % 2 === 0) return 'of a client is even';
    if (this.#calls.get(streamId) !== undefined) return 'is in use';
    if (this.#settings.streamIds === 'rising' && streamId <= this.#highestId) {
      return `does not rise above ${this.#highestId}`;
    }
    return undefined;
  }

  /** Ends a stream whose client has made a mistake. A call that is open under its id ends too: the client sees one stream. */
  #refuse(streamId: number, code: Status, error: TtrpcError): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) this.#answer(streamId, code, error.message);
    else call.refuse(code, error);
  }

  /** Answers a stream that has no call. */
  #answer(streamId: number, code: Status, message: string): void {
    const response = encodeResponseEnvelope({ status: { code, message, details: [] }, payload: noBytes });
    this.writer.write(streamId, frameType.response, 0, response, 0, noBytes, noBytes);
    this.#holdBackWhenCongested();
  }

  /** A client that does not read its replies is not read either until it does. */
  #holdBackWhenCongested(): void {
    if (this.#congested || !this.writer.congested) return;
    this.#congested = true;
    this.#connection.pause();
    this.writer.calls.whenReady(() => {
      this.#congested = false;
      this.#connection.resume();
    });
  }

  #endIfDrained(): void {
    if (this.#draining && this.#calls.size === 0) this.#connection.end();
  }
}

/** Text for an error message, from bytes that may be anything. */
function printable(source: Uint8Array, start: number, end: number): string {
  try {
    return decodeText(source, start, Math.min(end, start + 256));
  } catch (error) {
    if (error instanceof TtrpcError) return '(not text)';
    throw error;
  }
}
