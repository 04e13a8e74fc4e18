// SPDX-License-Identifier: Apache-2.0
import { AbortError } from 'abort-controller-x';
import { ClientError, ServerError, Status } from 'nice-grpc-common';
import type { AnyMessage, StatusMessage } from './envelope/status-message.ts';
import { TtrpcError } from './ttrpc-error.ts';

/**
 * A call that failed, as the client sees it: nice-grpc's `ClientError` with what ttRPC knows beyond it.
 *
 * The three ways a call can be cut short stay apart: the caller's own abort rejects with an `AbortError`; a deadline is
 * DEADLINE_EXCEEDED; the peer's doing is CANCELLED (it said so) or UNAVAILABLE with a `cause` (the connection is gone).
 */
export class TtrpcClientError extends ClientError {
  /** The status's structured details, undecoded. */
  readonly statusDetails: readonly AnyMessage[];
  /** A {@link TtrpcError} when the failure arose on this side, otherwise `undefined`. */
  override readonly cause: unknown;

  constructor(
    path: string,
    code: Status,
    message: string,
    options: { readonly statusDetails?: readonly AnyMessage[]; readonly cause?: unknown } = {},
  ) {
    super(path, code, message);
    this.statusDetails = options.statusDetails ?? [];
    this.cause = options.cause;
  }
}

/** A `ServerError` whose structured details reach the client (`Status.details`). */
export class TtrpcServerError extends ServerError {
  /** Messages to send with the status. */
  readonly statusDetails: readonly AnyMessage[];

  constructor(code: Status, message: string, statusDetails: readonly AnyMessage[] = []) {
    super(code, message);
    this.statusDetails = statusDetails;
  }
}

/** What the caller's own abort rejects with. */
export function callerAborted(): AbortError {
  return new AbortError();
}

/** Builds the client's error for a status that is not OK. */
export function errorOfStatus(path: string, status: StatusMessage): TtrpcClientError {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a peer may send any number; nice-grpc's type has no room for unknown ones
  return new TtrpcClientError(path, status.code, status.message, { statusDetails: status.details });
}

/** Builds the client's error for a failure of the layers below the call. */
export function errorOfCause(path: string, cause: TtrpcError): TtrpcClientError {
  return new TtrpcClientError(path, statusOfCause(cause), cause.message, { cause });
}

/** The status of a handler's failure, `undefined` when the failure says nothing about itself. */
export function statusOfThrown(thrown: unknown): StatusMessage | undefined {
  if (thrown instanceof ServerError) {
    return {
      code: thrown.code,
      message: thrown.details,
      details: thrown instanceof TtrpcServerError ? thrown.statusDetails : [],
    };
  }
  if (thrown instanceof TtrpcError) {
    return { code: statusOfCause(thrown), message: thrown.message, details: [] };
  }
  return undefined;
}

function statusOfCause(cause: TtrpcError): Status {
  switch (cause.code) {
    case 'frame_too_large':
    case 'queue_overflow':
      return Status.RESOURCE_EXHAUSTED;
    case 'deadline_exceeded':
      return Status.DEADLINE_EXCEEDED;
    case 'call_cancelled':
      return Status.CANCELLED;
    case 'invalid_argument':
    case 'invalid_address':
      return Status.INVALID_ARGUMENT;
    case 'malformed_message':
      return Status.INTERNAL;
    case 'dial_failed':
    case 'dial_timeout':
    case 'listen_failed':
    case 'connection_closed':
    case 'protocol_violation':
    case 'stream_ids_exhausted':
    case 'shutting_down':
    case 'aborted':
      return Status.UNAVAILABLE;
  }
}
