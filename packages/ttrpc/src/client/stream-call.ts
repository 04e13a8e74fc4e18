// SPDX-License-Identifier: Apache-2.0
import { callerAborted, errorOfCause, errorOfStatus } from '../call-errors.ts';
import { keepPayload } from '../connection/frame-writer.ts';
import { MessageQueue } from '../connection/message-queue.ts';
import { decodeResponseEnvelope } from '../envelope/response-envelope.ts';
import { frameFlag, frameType } from '../frame/frame-header.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { ChannelCallOptions } from './call-options.ts';
import { encodeOptions, startDeadline } from './call-options.ts';
import type { CallRoute } from './call-route.ts';
import type { ChannelConnection, PendingCall } from './channel-connection.ts';
import { asMalformed, deadlineExceeded, reportDetails } from './unary-call.ts';

/** A streaming call, in bytes. */
export interface ClientStream {
  /** The encoded messages of the server. Ends with the call; throws a `ClientError`, or an `AbortError` after the caller's abort. */
  readonly messages: AsyncIterableIterator<Uint8Array, undefined>;
  /** Whether the call has ended, so that nothing need be sent any more. */
  readonly ended: boolean;
  /** Aborted when the call has ended, whatever way. */
  readonly endSignal: AbortSignal;
  /** Sends one encoded message; resolves when the send queue had room for it, also when the call ended instead. */
  send(message: Uint8Array): Promise<void>;
  /** Says that no more messages will be sent. */
  closeSend(): Promise<void>;
  /** Gives the call up; the reader of {@link ClientStream.messages} gets `error`. */
  cancel(error: Error): void;
}

const noBytes = new Uint8Array(0);

/** The client's half of one stream. */
export class StreamCall implements ClientStream, PendingCall {
  readonly messages: MessageQueue;
  readonly #connection: ChannelConnection;
  readonly #route: CallRoute;
  readonly #options: ChannelCallOptions;
  readonly #responseStream: boolean;
  readonly #end = new AbortController();
  readonly #opened = Promise.withResolvers<undefined>();
  #streamId = 0;
  #localClosed: boolean;
  #stopWaiting: (() => void) | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(
    connection: ChannelConnection,
    route: CallRoute,
    request: Uint8Array | undefined,
    responseStream: boolean,
    options: ChannelCallOptions,
  ) {
    this.#connection = connection;
    this.#route = route;
    this.#options = options;
    this.#responseStream = responseStream;
    this.#localClosed = request !== undefined;
    this.messages = new MessageQueue(connection.limits.receiveQueueBytes, {
      onPressure: (full) => {
        if (connection.limits.queueOverflow !== 'pause-connection') return;
        if (full) connection.pause();
        else connection.resume();
      },
      onAbandoned: () => this.cancel(callerAborted()),
    });
    this.#start(request);
  }

  get ended(): boolean {
    return this.#end.signal.aborted;
  }

  get endSignal(): AbortSignal {
    return this.#end.signal;
  }

  send(message: Uint8Array): Promise<void> {
    return this.#sendData(0, message);
  }

  async closeSend(): Promise<void> {
    if (this.#localClosed) return;
    this.#localClosed = true;
    await this.#sendData(frameFlag.remoteClosed | frameFlag.noData, noBytes);
  }

  cancel(error: Error): void {
    if (this.ended) return;
    this.#stopWaiting?.();
    this.#finish(true);
    this.messages.fail(error);
  }

  onOpen(streamId: number): void {
    this.#streamId = streamId;
    this.#stopWaiting = undefined;
    this.#opened.resolve(undefined);
  }

  onFrame(type: number, flags: number, source: Uint8Array, start: number, end: number): void {
    if (type === frameType.response) this.#onResponse(source, start, end);
    else this.#onData(flags, source, start, end);
  }

  onFailure(error: TtrpcError): void {
    this.#finish(false);
    this.messages.finish(errorOfCause(this.#route.path, error));
  }

  #start(request: Uint8Array | undefined): void {
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted === true) {
      this.cancel(callerAborted());
      return;
    }
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      this.onFailure(deadlineExceeded());
      return;
    }
    try {
      this.#stopWaiting = this.#connection.open(
        this,
        // Without "no data" the Rust server takes the empty payload for a first, empty message.
        request === undefined ? frameFlag.remoteOpen | frameFlag.noData : frameFlag.remoteClosed,
        this.#route.head,
        request ?? noBytes,
        encodeOptions(this.#options),
      );
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      this.onFailure(error);
    }
    if (this.ended) return;
    this.#deadline = startDeadline(this.#options, () =>
      this.cancel(errorOfCause(this.#route.path, deadlineExceeded())),
    );
    signal?.addEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => this.cancel(callerAborted());

  #onResponse(source: Uint8Array, start: number, end: number): void {
    this.#connection.release(this.#streamId, false);
    this.#finish(false);
    try {
      const { status, payload } = decodeResponseEnvelope(source, start, end);
      if (status !== undefined && status.code !== 0) {
        reportDetails(status, this.#options);
        this.messages.finish(errorOfStatus(this.#route.path, status));
        return;
      }
      // The one reply of a client stream may be an empty message; the end of a server stream is not one.
      if (!this.#responseStream || payload.length > 0) this.messages.push(payload, 0, payload.length);
      this.messages.finish();
    } catch (cause) {
      this.messages.finish(errorOfCause(this.#route.path, asMalformed(cause)));
    }
  }

  #onData(flags: number, source: Uint8Array, start: number, end: number): void {
    if (!this.#responseStream) {
      const error = new TtrpcError(
        'malformed_message',
        'server sent stream data where one reply was expected',
      );
      this.cancel(errorOfCause(this.#route.path, error));
      return;
    }
    const hasMessage = (flags & frameFlag.noData) === 0;
    const fits = !hasMessage || this.messages.push(source, start, end);
    if ((flags & frameFlag.remoteClosed) !== 0) {
      this.#connection.release(this.#streamId, false);
      this.#finish(false);
      this.messages.finish();
    } else if (!fits && this.#connection.limits.queueOverflow === 'fail-stream') {
      const bound = this.#connection.limits.receiveQueueBytes;
      const error = new TtrpcError(
        'queue_overflow',
        `more than ${bound} bytes of the stream wait for their reader`,
      );
      this.cancel(errorOfCause(this.#route.path, error));
    }
  }

  async #sendData(flags: number, message: Uint8Array): Promise<void> {
    let payload = message;
    if (!this.ended && this.#streamId === 0) {
      payload = keepPayload(message);
      await this.#opened.promise;
    }
    if (this.ended) return;
    try {
      await this.#connection.sendData(this.#streamId, flags, payload, this.endSignal);
    } catch (error) {
      throw error instanceof TtrpcError ? errorOfCause(this.#route.path, error) : error;
    }
  }

  #finish(cancel: boolean): void {
    if (this.ended) return;
    clearTimeout(this.#deadline);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#connection.release(this.#streamId, cancel);
    this.#end.abort();
    this.#opened.resolve(undefined);
  }
}
