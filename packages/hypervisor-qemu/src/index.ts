// SPDX-License-Identifier: Apache-2.0
export type { Accelerator, KvmVerdict } from './accelerator/accelerator.ts';
export type { VsockDialer } from './agent-channel.ts';
export type { MachineName } from './command-line/machine-profile.ts';
export { QemuHypervisor } from './qemu-hypervisor.ts';
export type { Logger, QemuHypervisorComponents } from './qemu-hypervisor.ts';
export type { QemuVm } from './qemu-vm.ts';
