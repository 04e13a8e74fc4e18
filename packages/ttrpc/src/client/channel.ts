// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { CloseOptions, CloseReason } from '../connection/close-reason.ts';
import { settleWithin } from '../connection/graceful-close.ts';
import type { ConnectionLimits } from '../limits.ts';
import { resolveLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { CallRoute } from './call-route.ts';
import type { ChannelCallOptions } from './call-options.ts';
import { ChannelConnection } from './channel-connection.ts';
import type { ClientStream } from './stream-call.ts';
import { StreamCall } from './stream-call.ts';
import { startUnaryCall } from './unary-call.ts';

/** What {@link createChannel} may be told. */
export interface ChannelOptions {
  /** Bounds that differ from {@link ConnectionLimits}' defaults. */
  readonly limits?: Partial<ConnectionLimits>;
  /**
   * Whether a call that is given up is told to the server by a cancel frame. The frame is an extension that other
   * implementations ignore; without it a server works on until its own deadline. Default `true`.
   */
  readonly cancelFrames?: boolean;
}

/** The client's end of one connection. Calls are made through `createClient`; the two call methods here carry bytes. */
export interface Channel extends AsyncDisposable {
  /** Resolves, never rejects, when the connection is over. */
  readonly closed: Promise<CloseReason>;
  /** Calls that have not ended. */
  readonly activeCalls: number;
  /**
   * Takes no new calls, waits for those in flight, then ends the byte stream. When `signal` or `timeoutMs` cuts the
   * waiting short, the rest is aborted. Never rejects.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Fails all calls in flight with UNAVAILABLE and ends the byte stream at once. */
  abort(error?: TtrpcError): void;
  /**
   * One encoded request, one reply. The request's bytes may be used again when this returns, unless there are 16 KiB or
   * more of them: those are sent without a copy. Rejects with a `ClientError`, or an `AbortError` when `options.signal` aborts.
   * @param decode - turns the reply's bytes, which it must not keep, into what the promise resolves with.
   */
  unary<Reply>(
    route: CallRoute,
    request: Uint8Array,
    decode: (reply: Uint8Array) => Reply,
    options: ChannelCallOptions,
  ): Promise<Reply>;
  /**
   * Opens a streaming call.
   * @param request - the only request message; `undefined` when messages follow through {@link ClientStream.send}.
   */
  stream(
    route: CallRoute,
    request: Uint8Array | undefined,
    responseStream: boolean,
    options: ChannelCallOptions,
  ): ClientStream;
}

/**
 * Makes the client's end of a connected byte stream. The channel owns the stream from now on.
 * @throws TtrpcError `invalid_argument` for an impossible limit.
 */
export function createChannel(stream: Duplex, options: ChannelOptions = {}): Channel {
  const connection = new ChannelConnection(
    stream,
    resolveLimits(options.limits),
    options.cancelFrames ?? true,
  );
  return {
    closed: connection.closed,
    get activeCalls() {
      return connection.activeCalls;
    },
    async close(closeOptions = {}) {
      connection.drain();
      await settleWithin(connection.closed, closeOptions, (why) =>
        connection.abort(new TtrpcError('aborted', `channel was closed before its calls had ended: ${why}`)),
      );
    },
    abort(error = new TtrpcError('aborted', 'channel was aborted')) {
      connection.abort(error);
    },
    unary: (route, request, decode, callOptions) =>
      startUnaryCall(connection, route, request, decode, callOptions),
    stream: (route, request, responseStream, callOptions) =>
      new StreamCall(connection, route, request, responseStream, callOptions),
    async [Symbol.asyncDispose]() {
      connection.abort(new TtrpcError('aborted', 'channel was disposed'));
      await connection.closed;
    },
  };
}
