// SPDX-License-Identifier: Apache-2.0
import { isAbortError } from 'abort-controller-x';
import { Status } from 'nice-grpc-common';
import { statusOfThrown } from '../call-errors.ts';
import type { MessageEncoder } from '../definition/message-encoder.ts';
import type { FrameWriter } from '../connection/frame-writer.ts';
import { MessageQueue } from '../connection/message-queue.ts';
import { sendDataFrame } from '../connection/send-data.ts';
import type { RequestSpans } from '../envelope/request-envelope.ts';
import { okStatusHead, responsePayloadTag } from '../envelope/response-envelope.ts';
import type { StatusMessage } from '../envelope/status-message.ts';
import { frameFlag, frameType } from '../frame/frame-header.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { ServerCallContext } from './call-context.ts';
import type { GeneratorHandler, ServerRoute } from './server-route.ts';
import { statusDetailsOf } from './status-details.ts';

/** What a call needs of the connection it came by. */
export interface ServerCallHost {
  readonly writer: FrameWriter;
  readonly peer: string;
  readonly encoder: MessageEncoder;
  readonly limits: ConnectionLimits;
  /** A receive queue is full, or has room again. */
  onPressure(full: boolean): void;
  /** The call is over; its stream id is free. */
  onCallEnd(streamId: number): void;
  /** Ends a stream with a response that carries only a status. */
  sendStatus(streamId: number, status: StatusMessage): void;
  /** Tells the server's owner about an error that says nothing to the client. */
  onHandlerError(error: unknown, path: string): void;
}

const noBytes = new Uint8Array(0);
const maxTimerMs = 2 ** 31 - 1;
const nanosPerMs = 1_000_000n;

/** One call being handled. It ends once: by its handler, its deadline, the client's cancel, or the connection's end. */
export class ServerCall {
  readonly streamId: number;
  readonly #host: ServerCallHost;
  readonly #route: ServerRoute;
  readonly #controller = new AbortController();
  readonly #context: ServerCallContext;
  #requests: MessageQueue | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #over = false;

  constructor(host: ServerCallHost, streamId: number, route: ServerRoute, request: RequestSpans) {
    this.#host = host;
    this.streamId = streamId;
    this.#route = route;
    this.#context = new ServerCallContext(request, host.peer, this.#controller.signal);
  }

  /** Starts the handler. Never throws, never rejects. */
  start(request: RequestSpans, flags: number): void {
    if (request.timeoutNano !== 0n && !this.#startDeadline(request.timeoutNano)) return;
    const { handler, method } = this.#route;
    let message: unknown;
    try {
      message = method.requestStream
        ? this.#openRequests(request.payload, flags)
        : method.requestType.decode(request.payload);
    } catch (cause) {
      this.#endWith({
        code: Status.INTERNAL,
        message: `request does not decode: ${String(cause)}`,
        details: [],
      });
      return;
    }
    if (handler.kind === 'generator') {
      void this.#drive(handler.handle, message);
      return;
    }
    let result: unknown;
    try {
      result = handler.handle(message, this.#context);
    } catch (error) {
      this.#fail(error);
      return;
    }
    Promise.resolve(result).then(this.#reply, this.#fail);
  }

  /** A data frame of this stream. */
  onData(flags: number, source: Uint8Array, start: number, end: number): void {
    const requests = this.#requests;
    if (requests === undefined || requests.ended) {
      const error = new TtrpcError('protocol_violation', 'data on a stream whose client has closed it');
      this.refuse(Status.INVALID_ARGUMENT, error);
      return;
    }
    const hasMessage = (flags & frameFlag.noData) === 0;
    const fits = !hasMessage || requests.push(source, start, end);
    if ((flags & frameFlag.remoteClosed) !== 0) requests.finish();
    else if (!fits && this.#host.limits.queueOverflow === 'fail-stream') this.#overflow();
  }

  #overflow(): void {
    const bound = this.#host.limits.receiveQueueBytes;
    const error = new TtrpcError(
      'queue_overflow',
      `more than ${bound} bytes of the stream wait for the handler`,
    );
    this.refuse(Status.RESOURCE_EXHAUSTED, error);
  }

  /** The client has sent on this stream what cannot be taken: it gets a status, the handler's signal is aborted. */
  refuse(code: Status, error: TtrpcError): void {
    this.#abortWith(error, { code, message: error.message, details: [] });
  }

  /** The client has gone, or wants no answer: the handler's signal is aborted, nothing is sent. */
  abort(reason: TtrpcError): void {
    this.#abortWith(reason, undefined);
  }

  /** Returns whether there is time for the call at all. */
  #startDeadline(timeoutNano: bigint): boolean {
    const onDeadline = (): void => {
      this.refuse(Status.DEADLINE_EXCEEDED, new TtrpcError('deadline_exceeded', 'timeout'));
    };
    if (timeoutNano < 0n) {
      onDeadline();
      return false;
    }
    const timeoutMs = Number((timeoutNano + nanosPerMs - 1n) / nanosPerMs);
    if (timeoutMs <= maxTimerMs) this.#deadline = setTimeout(onDeadline, timeoutMs);
    return true;
  }

  #openRequests(first: Uint8Array, flags: number): AsyncIterable<unknown> {
    const requests = new MessageQueue(this.#host.limits.receiveQueueBytes, {
      onPressure: (full) => {
        if (this.#host.limits.queueOverflow === 'pause-connection') this.#host.onPressure(full);
      },
    });
    this.#requests = requests;
    // A first message may come inside the request. Go's client leaves "no data" out: nothing there is no message.
    const hasMessage = (flags & frameFlag.noData) === 0 && first.length > 0;
    if (hasMessage) requests.push(first, 0, first.length);
    if ((flags & frameFlag.remoteOpen) === 0) requests.finish();
    return decodeAll(requests, this.#route);
  }

  async #drive(handle: GeneratorHandler, message: unknown): Promise<void> {
    const { signal } = this.#controller;
    try {
      const call = handle(message, this.#context);
      // A handler stuck in a wait hears this when it comes back; its end is not ours to wait for.
      const onAbort = (): void => void call.return(undefined).catch(this.#fail);
      signal.addEventListener('abort', onAbort, { once: true });
      for (;;) {
        const result = await call.next();
        if (this.#over) return;
        if (result.done === true) {
          if (this.#route.method.responseStream) this.#endStream();
          else this.#reply(result.value);
          return;
        }
        if (!this.#route.method.responseStream) {
          throw new TypeError('middleware yielded a message in a call that has one reply');
        }
        const waiting = sendDataFrame(
          this.#host.writer,
          this.streamId,
          0,
          this.#encode(result.value),
          signal,
        );
        if (waiting !== undefined) await waiting;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #reply = (message: unknown): void => {
    if (this.#over) return;
    try {
      const bytes = this.#encode(message);
      this.#host.writer.write(
        this.streamId,
        frameType.response,
        0,
        okStatusHead,
        responsePayloadTag,
        bytes,
        noBytes,
      );
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#finish();
  };

  readonly #fail = (error: unknown): void => {
    const status = statusOfThrown(error);
    const aborted = this.#controller.signal.aborted && isAbortError(error);
    if (status === undefined && !aborted) this.#host.onHandlerError(error, this.#route.descriptor.path);
    if (this.#over) return;
    this.#controller.abort(error);
    this.#endWith(
      status === undefined
        ? { code: Status.UNKNOWN, message: 'unknown server error occurred', details: [] }
        : { ...status, details: statusDetailsOf(this.#context.trailer) ?? status.details },
    );
  };

  #encode(message: unknown): Uint8Array {
    const { responseType } = this.#route.method;
    if (message === undefined || message === null) throw new TypeError('handler returned no reply');
    return this.#host.encoder.encode(responseType, message);
  }

  #endStream(): void {
    const flags = frameFlag.remoteClosed | frameFlag.noData;
    this.#host.writer.write(this.streamId, frameType.data, flags, noBytes, 0, noBytes, noBytes);
    this.#finish();
  }

  #abortWith(reason: TtrpcError, status: StatusMessage | undefined): void {
    if (this.#over) return;
    if (status === undefined) this.#finish();
    else this.#endWith(status);
    this.#requests?.fail(reason);
    this.#controller.abort(reason);
  }

  #endWith(status: StatusMessage): void {
    this.#host.sendStatus(this.streamId, status);
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    if (this.#deadline !== undefined) clearTimeout(this.#deadline);
    this.#host.onCallEnd(this.streamId);
    // Whoever still reads requests learns that there will be none.
    this.#requests?.finish();
  }
}

async function* decodeAll(
  requests: MessageQueue,
  route: ServerRoute,
): AsyncGenerator<unknown, void, undefined> {
  for await (const message of requests) yield route.method.requestType.decode(message);
}
