// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from './virtual-machine.ts';
import type { VmConfig } from './vm-config.ts';

/** What the VMs of a hypervisor can do; the same five facts that upstream's runtime asks for. */
export interface HypervisorCapabilities {
  /** A block device can carry a container's root file system. */
  readonly blockDevice: boolean;
  readonly blockDeviceHotplug: boolean;
  readonly multiQueue: boolean;
  readonly fileSystemSharing: boolean;
  readonly networkDeviceHotplug: boolean;
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
   * @throws HypervisorError `invalid_config` | `vmm_missing` | `accelerator_unusable` | `unsupported` | `aborted`
   */
  createVm(config: VmConfig, options?: CreateVmOptions): Promise<VirtualMachine>;
}
