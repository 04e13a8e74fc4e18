// SPDX-License-Identifier: Apache-2.0
import type { VmExit } from './vm-exit.ts';

/**
 * What went wrong, for a program to match on. Codes are stable; messages are not.
 *
 * | code | meaning |
 * |---|---|
 * | `invalid_config` | the {@link VmConfig} or a file it names cannot work; nothing was created |
 * | `invalid_state` | the call is not legal in the VM's present state |
 * | `vmm_missing` | the hypervisor program is not installed |
 * | `accelerator_unusable` | the accelerator asked for does not run guests on this machine |
 * | `vmm_exited` | the hypervisor process ended by itself |
 * | `guest_panicked` | the guest kernel panicked |
 * | `agent_silent` | the guest runs, yet its agent did not answer in time |
 * | `monitor_failed` | the hypervisor's control interface refused a command or broke |
 * | `invalid_device` | a device to plug cannot work; nothing was changed |
 * | `device_exists` | the id of a device is taken |
 * | `device_missing` | no device has this id |
 * | `no_free_slot` | every place of the machine for devices, CPUs or memory is taken |
 * | `guest_refused` | the guest does not let go of a device |
 * | `snapshot_unusable` | the snapshot is damaged or belongs to another machine |
 * | `timeout` | the caller's `timeoutMs` passed |
 * | `aborted` | the caller's signal fired |
 * | `unsupported` | this driver or this machine cannot do it |
 */
export type HypervisorErrorCode =
  | 'invalid_config'
  | 'invalid_state'
  | 'vmm_missing'
  | 'accelerator_unusable'
  | 'vmm_exited'
  | 'guest_panicked'
  | 'agent_silent'
  | 'monitor_failed'
  | 'invalid_device'
  | 'device_exists'
  | 'device_missing'
  | 'no_free_slot'
  | 'guest_refused'
  | 'snapshot_unusable'
  | 'timeout'
  | 'aborted'
  | 'unsupported';

/** Facts beside the message of a {@link HypervisorError}. */
export interface HypervisorErrorDetails {
  /** The thing the error is about: a field name, a path, a command. */
  readonly operand?: string;
  /** One sentence a person can act on. */
  readonly remedy?: string;
  /** How the VM ended, once it has. */
  readonly exit?: VmExit;
  /** Last part of the hypervisor's stderr. Contains text from outside: escape it before it meets a terminal. */
  readonly stderrTail?: string;
  /** Last part of the guest console. Written by the guest: escape it before it meets a terminal. */
  readonly consoleTail?: string;
  readonly cause?: unknown;
}

const brand = Symbol.for('@hako/hypervisor.HypervisorError');

/** The one error class of every hypervisor driver. Match {@link HypervisorError.code}, never the message. */
export class HypervisorError extends Error {
  readonly code: HypervisorErrorCode;
  readonly operand: string | undefined;
  readonly remedy: string | undefined;
  readonly exit: VmExit | undefined;
  readonly stderrTail: string | undefined;
  readonly consoleTail: string | undefined;
  readonly [brand] = true;

  constructor(code: HypervisorErrorCode, message: string, details: HypervisorErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HypervisorError';
    this.code = code;
    this.operand = details.operand;
    this.remedy = details.remedy;
    this.exit = details.exit;
    this.stderrTail = details.stderrTail;
    this.consoleTail = details.consoleTail;
  }

  /** Recognises the error across duplicate copies of this package, where `instanceof` would not. */
  static is(error: unknown): error is HypervisorError {
    return error instanceof Error && brand in error;
  }
}
