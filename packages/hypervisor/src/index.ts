// SPDX-License-Identifier: Apache-2.0
export { watchBoot } from './boot-watch.ts';
export type { WatchedVm } from './boot-watch.ts';
export { openDeadline, raceWithSignal } from './deadline.ts';
export type { Deadline } from './deadline.ts';
export type { DevicePlugging } from './hotplug/device-plugging.ts';
export { DeviceTable } from './hotplug/device-table.ts';
export { checkDiskGrowth } from './hotplug/check-disk-growth.ts';
export type {
  GuestAddresses,
  NetworkBackend,
  PluggableDevice,
  PluggableDevices,
  PluggableKind,
  PluggedDevice,
  PortForward,
  VfioHost,
} from './hotplug/pluggable-device.ts';
export { checkRequestedMib, validateDevice } from './hotplug/validate-device.ts';
export { killIfAlive, waitWhileAlive } from './foreign-process.ts';
export type { ForeignWatch } from './foreign-process.ts';
export { identifyProcess, isAlive, isProcessIdentity, runDirectoryVariable } from './process-identity.ts';
export type { ProcessIdentity } from './process-identity.ts';
export { readProcessUsage } from './process-usage.ts';
export { HypervisorError } from './hypervisor-error.ts';
export type { HypervisorErrorCode, HypervisorErrorDetails } from './hypervisor-error.ts';
export type { CreateVmOptions, Hypervisor, HypervisorCapabilities, SnapshotSupport } from './hypervisor.ts';
export { untilListening } from './listening-socket.ts';
export { hugePageMib } from './machine-tuning.ts';
export type { MachineTuning } from './machine-tuning.ts';
export { cpuPlaces, localDistance } from './numa-node.ts';
export type { NumaNode } from './numa-node.ts';
export type { MemoryDump } from './memory-dump.ts';
export type { PciePort, PciePorts } from './pcie-ports.ts';
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
export {
  maximumMachineVcpus,
  maximumMemorySlots,
  maximumSocketPathBytes,
  minimumMemoryMib,
} from './vm-config.ts';
export type {
  AcceleratorChoice,
  AgentChannelKind,
  BlockDevice,
  ColdDevice,
  CpuTopology,
  ExportedDirectory,
  NinePDevice,
  RootImage,
  SerialPortDevice,
  VirtioFsDevice,
  VmConfig,
} from './vm-config.ts';
export type { StopMeans, VmExit, VmExitReason } from './vm-exit.ts';
export { VmLifecycle } from './vm-lifecycle.ts';
export type { VmState, VmStateName } from './vm-lifecycle.ts';
export type { VmRecord } from './vm-record.ts';
export type { VcpuThread, VmmUsage } from './vmm-usage.ts';
