// SPDX-License-Identifier: Apache-2.0
export { agentBlockAddress } from './agent-device.ts';
export type { AgentBlockAddress, VfioMode } from './agent-device.ts';
export { parseBlockDriver } from './block-driver.ts';
export type { BlockDriver } from './block-driver.ts';
export type { DeviceInfo, DeviceNodeType, DriverOptions, PciePortKind } from './device-info.ts';
export type { DeviceKind } from './device-kind.ts';
export { DeviceManagerError } from './device-manager-error.ts';
export type { DeviceManagerErrorCode } from './device-manager-error.ts';
export { DeviceManager } from './device-manager.ts';
export type { ContainerDevice, DeviceManagerComponents, DeviceManagerOptions } from './device-manager.ts';
export type { DeviceAccess, DeviceLogger, DeviceReceiver, ReceiverOptions } from './device-receiver.ts';
export type { DeviceOrigin, DeviceState } from './device-state.ts';
export { driveName } from './drive-name.ts';
export { deviceNumbers, resolveHostPath } from './host-path.ts';
export type { HostRoots } from './host-path.ts';
export type {
  VhostUserAttributes,
  VhostUserFsAttributes,
  VhostUserNetAttributes,
  VhostUserScsiAttributes,
} from './kinds/vhost-user-appended.ts';
export type { Device } from './managed-device.ts';
export type { DeviceCallOptions } from './operation-limits.ts';
export { formatPciPath, pciPathSlots } from './pci-path.ts';
export type { PciPath } from './pci-path.ts';
export type { NumaPlacement } from './pcie-ports.ts';
export type {
  BlockDrive,
  GuestAddress,
  PluggableDevice,
  PluggedDevice,
  VfioDevice,
  VhostUserDevice,
  VhostUserKind,
} from './pluggable-device.ts';
export { vmReceiver } from './vm-receiver.ts';
export type { DiskAccess, PluggingVm } from './vm-receiver.ts';
export { bindToVfio, unbindFromVfio } from './vfio/vfio-binding.ts';
export type { VfioBinding } from './vfio/vfio-binding.ts';
