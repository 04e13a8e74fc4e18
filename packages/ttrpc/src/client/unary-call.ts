// SPDX-License-Identifier: Apache-2.0
import { Metadata } from 'nice-grpc-common';
import { callerAborted, errorOfCause, errorOfStatus } from '../call-errors.ts';
import { decodeResponseEnvelope } from '../envelope/response-envelope.ts';
import type { StatusMessage } from '../envelope/status-message.ts';
import { encodeStatus } from '../envelope/status-message.ts';
import { frameType } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { ChannelCallOptions } from './call-options.ts';
import { encodeOptions, startDeadline } from './call-options.ts';
import type { CallRoute } from './call-route.ts';
import type { ChannelConnection, PendingCall } from './channel-connection.ts';

/** Makes one unary call: a request frame with flags 0, one response frame. See `Channel.unary`. */
export function startUnaryCall<Reply>(
  connection: ChannelConnection,
  route: CallRoute,
  request: Uint8Array,
  decode: (reply: Uint8Array) => Reply,
  options: ChannelCallOptions,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    new UnaryCall(connection, route, decode, options, resolve, reject).start(request);
  });
}

class UnaryCall<Reply> implements PendingCall {
  readonly #connection: ChannelConnection;
  readonly #route: CallRoute;
  readonly #decode: (reply: Uint8Array) => Reply;
  readonly #options: ChannelCallOptions;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: unknown) => void;
  #streamId = 0;
  #stopWaiting: (() => void) | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #onAbort: (() => void) | undefined;

  constructor(
    connection: ChannelConnection,
    route: CallRoute,
    decode: (reply: Uint8Array) => Reply,
    options: ChannelCallOptions,
    resolve: (reply: Reply) => void,
    reject: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#route = route;
    this.#decode = decode;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(request: Uint8Array): void {
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted === true) {
      this.#reject(callerAborted());
      return;
    }
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      this.onFailure(deadlineExceeded());
      return;
    }
    try {
      const tail = encodeOptions(this.#options);
      this.#stopWaiting = this.#connection.open(this, 0, this.#route.head, request, tail);
    } catch (error) {
      this.#settle();
      this.#reject(error instanceof TtrpcError ? errorOfCause(this.#route.path, error) : error);
      return;
    }
    if (this.#settled) return;
    if (timeoutMs !== undefined) {
      this.#deadline = startDeadline(this.#options, () =>
        this.#giveUp(errorOfCause(this.#route.path, deadlineExceeded())),
      );
    }
    if (signal !== undefined) {
      this.#onAbort = () => this.#giveUp(callerAborted());
      signal.addEventListener('abort', this.#onAbort);
    }
  }

  onOpen(streamId: number): void {
    this.#streamId = streamId;
    this.#stopWaiting = undefined;
  }

  onFrame(type: number, _flags: number, source: Uint8Array, start: number, end: number): void {
    this.#connection.release(this.#streamId, false);
    this.#settle();
    let reply: Reply;
    try {
      if (type !== frameType.response) {
        throw new TtrpcError('malformed_message', 'server answered a unary call with stream data');
      }
      const response = decodeResponseEnvelope(source, start, end);
      if (response.status !== undefined && response.status.code !== 0) {
        this.#reject(errorOfStatus(this.#route.path, response.status));
        reportDetails(response.status, this.#options);
        return;
      }
      reply = this.#decode(response.payload);
    } catch (cause) {
      this.#reject(errorOfCause(this.#route.path, asMalformed(cause)));
      return;
    }
    this.#resolve(reply);
  }

  onFailure(error: TtrpcError): void {
    this.#settle();
    this.#reject(errorOfCause(this.#route.path, error));
  }

  #settled = false;

  #giveUp(error: Error): void {
    this.#settle();
    this.#stopWaiting?.();
    this.#connection.release(this.#streamId, true);
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    if (this.#deadline !== undefined) clearTimeout(this.#deadline);
    if (this.#onAbort !== undefined) this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** The key under which gRPC carries a whole `google.rpc.Status`; nice-grpc-error-details reads it from there. */
const statusDetailsKey = 'grpc-status-details-bin';

/** Shows a status with details to middleware the way gRPC does: as a trailer. */
export function reportDetails(status: StatusMessage, options: ChannelCallOptions): void {
  if (options.onTrailer === undefined || status.details.length === 0) return;
  options.onTrailer(Metadata().set(statusDetailsKey, encodeStatus(status)));
}

/** The error of a call whose time has run out on this side. */
export function deadlineExceeded(): TtrpcError {
  return new TtrpcError('deadline_exceeded', 'deadline exceeded');
}

/** Wraps whatever a decoder threw. */
export function asMalformed(cause: unknown): TtrpcError {
  if (cause instanceof TtrpcError) return cause;
  return new TtrpcError('malformed_message', 'reply does not decode', { cause });
}
