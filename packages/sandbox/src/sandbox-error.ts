// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong, for callers to match on; texts may change, codes do not.
 *
 * | code | meaning |
 * |---|---|
 * | `invalid_options` | an option is out of range or malformed; nothing was created |
 * | `invalid_image` | the image reference, bundle, root directory or OCI layout cannot be used; nothing was created |
 * | `invalid_state` | the call is not allowed in the present state |
 * | `name_in_use` | another sandbox owns this id |
 * | `sandbox_not_found` | no sandbox has this id |
 * | `container_not_found` | the sandbox has no container with this id |
 * | `port_in_use` | a port of the host that was to be published is taken or not allowed; nothing was created |
 * | `network_failed` | the network namespace, or a link in it, cannot be used or joined to the machine |
 * | `socket_path_too_long` | a socket of this sandbox would exceed the 107 bytes of `sockaddr_un` |
 * | `permission_denied` | the operating system refuses what a sandbox needs (root) |
 * | `assets_missing` | kernel or guest image not built or not found |
 * | `tool_missing` | a program of the host is not installed |
 * | `tool_failed` | a program of the host failed |
 * | `device_failed` | a device or disk could not be plugged into the machine, or taken out of it |
 * | `hook_failed` | a hook of the bundle failed, or could not be run |
 * | `share_failed` | the file sharing daemon did not come up |
 * | `boot_failed` | the virtual machine did not reach a working agent |
 * | `vm_exited` | the virtual machine or its file sharing ended while it was in use |
 * | `vm_unresponsive` | the hypervisor runs and does not answer any more |
 * | `agent_unresponsive` | the machine runs and its agent does not answer any more |
 * | `agent_failed` | the guest agent refused or lost a request |
 * | `command_not_found` | the container has no such program |
 * | `command_not_executable` | the program exists and cannot be executed |
 * | `timeout` | a phase took longer than its limit |
 * | `aborted` | the caller's signal fired |
 */
export type SandboxErrorCode =
  | 'invalid_options'
  | 'invalid_image'
  | 'invalid_state'
  | 'name_in_use'
  | 'sandbox_not_found'
  | 'container_not_found'
  | 'port_in_use'
  | 'network_failed'
  | 'socket_path_too_long'
  | 'permission_denied'
  | 'assets_missing'
  | 'tool_missing'
  | 'tool_failed'
  | 'device_failed'
  | 'hook_failed'
  | 'share_failed'
  | 'boot_failed'
  | 'vm_exited'
  | 'vm_unresponsive'
  | 'agent_unresponsive'
  | 'agent_failed'
  | 'command_not_found'
  | 'command_not_executable'
  | 'timeout'
  | 'aborted';

/** Details of a {@link SandboxError} beside its text. */
export interface SandboxErrorOptions {
  /** The error underneath. */
  readonly cause?: unknown;
  /** What a person can do about it, as an imperative phrase without full stop. */
  readonly remedy?: string;
  /** The last words of the program or console concerned. Guest or tool text: escape it before printing. */
  readonly tail?: string;
}

/** The one error class of this package; match on {@link SandboxError.code}. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: SandboxErrorCode;
  readonly remedy: string | undefined;
  readonly tail: string | undefined;

  constructor(code: SandboxErrorCode, message: string, options: SandboxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.tail = options.tail;
  }
}

/**
 * The text of whatever was thrown, on one line.
 * @param error a caught value
 */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('; ');
}
