// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine, WaitOptions } from './virtual-machine.ts';
import type { VmConfig } from './vm-config.ts';
import type { VmRecord } from './vm-record.ts';

/** What the VMs of a hypervisor can do: the five facts that upstream's runtime asks for, and two more. */
export interface HypervisorCapabilities {
  /** A block device can carry a container's root file system. */
  readonly blockDevice: boolean;
  readonly blockDeviceHotplug: boolean;
  readonly multiQueue: boolean;
  readonly fileSystemSharing: boolean;
  readonly networkDeviceHotplug: boolean;
  /** CPUs can be plugged, within `maximumVcpus`. */
  readonly vcpuHotplug: boolean;
  /** Memory can be plugged in one form or another, within `maximumMemoryMib`. */
  readonly memoryHotplug: boolean;
}

/** What {@link Hypervisor.snapshotSupport} tells. */
export interface SnapshotSupport {
  /**
   * A digest of everything that a snapshot depends on: command line, files, hypervisor. Id and run directory of a machine
   * do not count.
   */
  readonly key: string;
  /** The machine is emulated: booting it takes seconds. */
  readonly emulated: boolean;
}

/** Options of {@link Hypervisor.createVm}. */
export interface CreateVmOptions {
  readonly signal?: AbortSignal;
}

/** A maker of virtual machines. */
export interface Hypervisor {
  /** Short name for people, such as `qemu`. */
  readonly name: string;

  capabilities(): HypervisorCapabilities;

  /**
   * Checks everything that can be checked without a VM and returns one that is not started yet. No process, file or
   * socket of the VM exists afterwards, on success and on failure.
   *
   * Abort: rejects with `aborted`.
   *
   * @throws HypervisorError `invalid_config` | `vmm_missing` | `accelerator_unusable` | `snapshot_unusable` |
   *   `unsupported` | `aborted`
   */
  createVm(config: VmConfig, options?: CreateVmOptions): Promise<VirtualMachine>;

  /**
   * Takes over a running machine whose owner is gone ({@link VmConfig.survivesOwner}). It is as if this process had started
   * it, apart from how it ends: the exit code is not known then. What is sent to the agent before the guest has noticed the
   * change of hands may be lost, so a request without an answer is to be repeated. Default `timeoutMs` 5 000; on failure the
   * machine is left as it is.
   *
   * @throws HypervisorError `vmm_exited` (it is gone) | `invalid_config` (the record is not this driver's) |
   *   `monitor_failed` | `timeout` | `aborted`
   */
  adoptVm(record: VmRecord, options?: WaitOptions): Promise<VirtualMachine>;

  /**
   * Whether machines like this one can be saved, and which snapshots fit them: those that have the same key.
   *
   * @returns undefined if they cannot be saved
   * @throws HypervisorError as {@link createVm}
   */
  snapshotSupport(config: VmConfig, options?: CreateVmOptions): Promise<SnapshotSupport | undefined>;
}
