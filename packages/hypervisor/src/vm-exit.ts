// SPDX-License-Identifier: Apache-2.0

/**
 * Why a VM is no longer running.
 *
 * - `stopped`: {@link VirtualMachine.stop} ended it
 * - `guest_shutdown`: the guest powered itself off
 * - `guest_reset`: the guest rebooted, which ends a VM of ours
 * - `guest_panicked`: the guest kernel panicked
 * - `vmm_exited`: the hypervisor process ended by itself or was killed from outside
 * - `never_started`: it was stopped before it ran
 * - `released`: it runs, but not for this process any more
 */
export type VmExitReason =
  | 'stopped'
  | 'guest_shutdown'
  | 'guest_reset'
  | 'guest_panicked'
  | 'vmm_exited'
  | 'never_started'
  | 'released';

/** How hard {@link VirtualMachine.stop} had to push: a request, SIGTERM or SIGKILL. */
export type StopMeans = 'request' | 'sigterm' | 'sigkill';

/** How a VM ended. One shape for every way of ending. */
export interface VmExit {
  readonly reason: VmExitReason;
  /** Exit status of the hypervisor process; `null` when a signal ended it or there was none. */
  readonly exitCode: number | null;
  /** Name of the signal that ended the hypervisor process, such as `SIGKILL`. */
  readonly signal: string | null;
  /** Set when {@link VirtualMachine.stop} ended it: the last means it needed. */
  readonly stoppedBy?: StopMeans;
  /** The guest's memory as it was when its kernel panicked ({@link VmConfig.memoryDump}), if it could be written. */
  readonly memoryDumpPath?: string;
  /** Last part of the hypervisor's stderr, at most 64 KiB. */
  readonly stderrTail: string;
  /** Last part of the guest console, at most 64 KiB. */
  readonly consoleTail: string;
}
