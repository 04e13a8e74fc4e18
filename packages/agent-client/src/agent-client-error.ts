// SPDX-License-Identifier: Apache-2.0
import type { Status } from 'nice-grpc-common';

/**
 * What became of a call, for programs.
 *
 * - `timed_out`: the call's deadline ran out, here or in the guest;
 * - `aborted`: the caller's signal aborted the call; `cause` is its reason;
 * - `rpc_failed`: the agent answered with an error; `status` and `guestText` hold it;
 * - `connection_closed`: the connection ended before the answer, or had ended before the call;
 * - `dial_timeout`: no connection came about in time; `cause` is the last attempt's error;
 * - `dead_agent`: dialing failed before, or the owner declared the agent dead;
 * - `closed`: this client was closed;
 * - `invalid_request`: the request cannot be sent, or an argument is out of range;
 * - `protocol_violation`: the agent's answer contradicts the protocol;
 * - `unsupported_file`: CopyFile knows regular files, directories and symbolic links only;
 * - `file_changed`: the file became shorter while it was copied.
 */
export type AgentClientErrorCode =
  | 'timed_out'
  | 'aborted'
  | 'rpc_failed'
  | 'connection_closed'
  | 'dial_timeout'
  | 'dead_agent'
  | 'closed'
  | 'invalid_request'
  | 'protocol_violation'
  | 'unsupported_file'
  | 'file_changed';

/** What else is known about a failure. */
export interface AgentClientErrorDetails {
  /** Name of the request message, such as `CreateContainerRequest`. */
  readonly request?: string | undefined;
  /** With `rpc_failed`: the status the agent answered with. */
  readonly status?: Status | undefined;
  /** With `rpc_failed`: the agent's words, raw. They come from the guest: escape them before they reach a terminal. */
  readonly guestText?: string | undefined;
  readonly cause?: unknown;
}

/** The error of this package. */
export class AgentClientError extends Error {
  override readonly name = 'AgentClientError';
  readonly code: AgentClientErrorCode;
  readonly request: string | undefined;
  readonly status: Status | undefined;
  readonly guestText: string | undefined;

  constructor(code: AgentClientErrorCode, message: string, details: AgentClientErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.request = details.request;
    this.status = details.status;
    this.guestText = details.guestText;
  }
}
