// SPDX-License-Identifier: Apache-2.0
export { watchBoot } from './boot-watch.ts';
export type { WatchedVm } from './boot-watch.ts';
export { openDeadline, raceWithSignal } from './deadline.ts';
export type { Deadline } from './deadline.ts';
export { HypervisorError } from './hypervisor-error.ts';
export type { HypervisorErrorCode, HypervisorErrorDetails } from './hypervisor-error.ts';
export type { CreateVmOptions, Hypervisor, HypervisorCapabilities } from './hypervisor.ts';
export { lastPrintableLine } from './printable-line.ts';
export { validateVmConfig } from './validate-vm-config.ts';
export type {
  AgentProbe,
  StopOptions,
  VirtualMachine,
  VmPhases,
  VmPids,
  WaitOptions,
} from './virtual-machine.ts';
export { maximumSocketPathBytes, minimumMemoryMib } from './vm-config.ts';
export type {
  AcceleratorChoice,
  AgentChannelKind,
  BlockDevice,
  ColdDevice,
  RootImage,
  VirtioFsDevice,
  VmConfig,
} from './vm-config.ts';
export type { StopMeans, VmExit, VmExitReason } from './vm-exit.ts';
export { VmLifecycle } from './vm-lifecycle.ts';
export type { VmState, VmStateName } from './vm-lifecycle.ts';
