// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong below the level of a call's status.
 *
 * - `invalid_address`: the text is not an address of a known scheme, or a part of it is out of range.
 * - `invalid_argument`: an option has a value that cannot be used.
 * - `dial_failed`: nobody answers at the address, or the hybrid handshake was refused.
 * - `dial_timeout`: the address did not answer in the time allowed.
 * - `listen_failed`: the address cannot be bound.
 * - `connection_closed`: the byte stream ended or was closed; calls in flight are lost.
 * - `frame_too_large`: a message is longer than the limit; the connection stays usable.
 * - `protocol_violation`: the peer sent what the protocol does not allow; the connection is closed.
 * - `malformed_message`: an envelope or a message does not decode.
 * - `queue_overflow`: a bounded queue was full.
 * - `stream_ids_exhausted`: all 2^31 stream ids of the connection are used up.
 * - `call_cancelled`: the peer gave the call up.
 * - `deadline_exceeded`: the time of the call ran out.
 * - `shutting_down`: the server or channel takes no new calls.
 * - `aborted`: the owner ended it at once.
 */
export type TtrpcErrorCode =
  | 'invalid_address'
  | 'invalid_argument'
  | 'dial_failed'
  | 'dial_timeout'
  | 'listen_failed'
  | 'connection_closed'
  | 'frame_too_large'
  | 'protocol_violation'
  | 'malformed_message'
  | 'queue_overflow'
  | 'stream_ids_exhausted'
  | 'call_cancelled'
  | 'deadline_exceeded'
  | 'shutting_down'
  | 'aborted';

/** Facts that go with a {@link TtrpcError}. */
export interface TtrpcErrorOptions {
  /** The error underneath, as it was caught. */
  readonly cause?: unknown;
  /** The stream the error belongs to, when it belongs to one. */
  readonly streamId?: number;
}

/** The one error class of this package; what a peer answered to a call is a `ClientError` instead. */
export class TtrpcError extends Error {
  override readonly name = 'TtrpcError';
  /** Which kind of failure this is. */
  readonly code: TtrpcErrorCode;
  /** The stream concerned, `undefined` when the error concerns the whole connection. */
  readonly streamId: number | undefined;

  constructor(code: TtrpcErrorCode, message: string, options: TtrpcErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.streamId = options.streamId;
  }
}
