// SPDX-License-Identifier: Apache-2.0

/**
 * What can go wrong inside the agent.
 *
 * - `invalid_request`: a part of a message that must be there is missing, or a value cannot be used
 * - `invalid_container_id`, `invalid_exec_id`, `invalid_spec`, `invalid_option`: text that fails its rule
 * - `container_exists`, `container_not_found`, `process_exists`, `process_not_found`, `sandbox_exists`: names
 * - `invalid_state`: the operation does not fit the state the container is in
 * - `stream_closed`: stdin, stdout or stderr that is not there any more
 * - `not_a_terminal`: a window size for a process without a terminal
 * - `path_refused`: a path outside the directory it must lie in, or one that leads out of it
 * - `program_not_found`, `program_not_executable`: the first word of a command inside a container
 * - `runtime_failed`: the OCI runtime refused for any other reason
 * - `storage_failed`, `unknown_storage_driver`, `device_failed`, `unknown_device_type`: storages and devices
 * - `link_not_found`: no network interface with that address, name or device
 * - `helper_failed`: a program the agent runs for itself (modprobe, a hook) failed
 * - `system_failed`: the kernel refused something
 * - `timed_out`: a limit given by the caller has passed
 * - `shutting_down`: the sandbox is being destroyed already
 */
export type AgentErrorCode =
  | 'invalid_request'
  | 'invalid_container_id'
  | 'invalid_exec_id'
  | 'invalid_spec'
  | 'invalid_option'
  | 'container_exists'
  | 'container_not_found'
  | 'process_exists'
  | 'process_not_found'
  | 'sandbox_exists'
  | 'invalid_state'
  | 'stream_closed'
  | 'not_a_terminal'
  | 'path_refused'
  | 'program_not_found'
  | 'program_not_executable'
  | 'runtime_failed'
  | 'storage_failed'
  | 'unknown_storage_driver'
  | 'device_failed'
  | 'unknown_device_type'
  | 'link_not_found'
  | 'helper_failed'
  | 'system_failed'
  | 'timed_out'
  | 'shutting_down';

/** Extra facts of an {@link AgentError}. */
export interface AgentErrorDetails {
  /** The thing the error is about: a path, a container id, a program. */
  readonly operand?: string;
  /** What led to it. */
  readonly cause?: unknown;
}

/**
 * Every failure the agent reports on purpose. Callers match {@link AgentError.code}, never the text. On the wire the
 * message of the status reads `<code>: <text>`.
 */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  /** The stable kind of failure. */
  readonly code: AgentErrorCode;
  /** The thing the error is about. */
  readonly operand: string | undefined;

  constructor(code: AgentErrorCode, message: string, details: AgentErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.operand = details.operand;
  }
}
