// SPDX-License-Identifier: Apache-2.0
import { TtrpcError, type TtrpcErrorCode } from '@hako/ttrpc';
import { ClientError, Status } from 'nice-grpc-common';
import { AgentClientError } from './agent-client-error.ts';
import { printableGuestText } from './guest-text.ts';

/** Whether a failure below the call's status means that the connection is over. */
function endsConnection(code: TtrpcErrorCode): boolean {
  switch (code) {
    case 'connection_closed':
    case 'protocol_violation':
    case 'stream_ids_exhausted':
    case 'shutting_down':
    case 'aborted':
    case 'dial_failed':
    case 'dial_timeout':
    case 'listen_failed':
      return true;
    case 'call_cancelled':
    case 'deadline_exceeded':
    case 'frame_too_large':
    case 'invalid_address':
    case 'invalid_argument':
    case 'malformed_message':
    case 'queue_overflow':
      return false;
  }
}

function localCause(error: ClientError): TtrpcError | undefined {
  return error.cause instanceof TtrpcError ? error.cause : undefined;
}

function statusFailure(error: ClientError, request: string): AgentClientError {
  const local = localCause(error);
  if (error.code === Status.DEADLINE_EXCEEDED) {
    return new AgentClientError('timed_out', `${request} timed out`, { request, cause: error });
  }
  if (local !== undefined && endsConnection(local.code)) {
    return new AgentClientError(
      'connection_closed',
      `${request} lost the connection to the agent: ${local.message}`,
      {
        request,
        cause: error,
      },
    );
  }
  if (local?.code === 'malformed_message' || local?.code === 'frame_too_large') {
    return new AgentClientError(
      'protocol_violation',
      `${request} got an answer that cannot be read: ${local.message}`,
      {
        request,
        cause: error,
      },
    );
  }
  return new AgentClientError(
    'rpc_failed',
    `${request} failed with ${Status[error.code]}: ${printableGuestText(error.details)}`,
    { request, status: error.code, guestText: error.details, cause: error },
  );
}

/**
 * Translates whatever a ttRPC call rejects with; the one place where that happens.
 *
 * @param request - Name of the request message.
 * @param signal - The caller's signal, to tell an abort by the caller from others.
 */
export function callFailure(
  error: unknown,
  request: string,
  signal: AbortSignal | undefined,
): AgentClientError {
  if (error instanceof AgentClientError) return error;
  if (signal?.aborted === true) {
    return new AgentClientError('aborted', `${request} was aborted`, { request, cause: signal.reason });
  }
  if (error instanceof ClientError) return statusFailure(error, request);
  const problem = error instanceof Error ? error.message : String(error);
  return new AgentClientError('invalid_request', `${request} cannot be sent: ${problem}`, {
    request,
    cause: error,
  });
}
