// SPDX-License-Identifier: Apache-2.0
import type { Device as DeviceMessage } from '@hako/protocols/agent';
import { basename } from 'node:path';
import { DeviceManagerError } from './device-manager-error.ts';
import type { Device } from './managed-device.ts';
import type { BlockDrive, PluggedDevice, VfioDevice, VhostUserDevice } from './pluggable-device.ts';

/** Whether the guest's kernel drives VFIO devices, or a program in the container does. */
export type VfioMode = 'vfio' | 'guest-kernel';

/** How the agent finds a block device: driver name, address on its bus, device node. */
export interface AgentBlockAddress {
  readonly driver: string;
  readonly id: string;
  readonly vmPath: string;
}

function present(value: string | undefined, device: string, what: string): string {
  if (value !== undefined) return value;
  throw new DeviceManagerError('no_guest_address', `device ${device} has no ${what} in the guest`, {
    device,
  });
}

/**
 * Tells how the agent finds a plugged disk; `driver` and `id` (or, without an id, `vmPath`) are also what a Storage
 * message takes as driver and source.
 *
 * @throws DeviceManagerError `no_guest_address` when the virtual machine did not say where the guest has it.
 */
export function agentBlockAddress(plugged: PluggedDevice<BlockDrive | VhostUserDevice>): AgentBlockAddress {
  const { device, address } = plugged;
  if (device.kind !== 'block') {
    return { driver: 'blk', id: present(address.pciPath, device.id, 'PCI path'), vmPath: '' };
  }
  switch (device.driver) {
    case 'virtio-blk':
      return {
        driver: 'blk',
        id: present(address.pciPath, device.id, 'PCI path'),
        vmPath: device.virtPath ?? '',
      };
    case 'virtio-blk-ccw':
      return { driver: 'blk-ccw', id: present(address.ccwBusId, device.id, 'CCW address'), vmPath: '' };
    case 'virtio-scsi':
      return {
        driver: 'scsi',
        id: present(address.scsiAddress ?? device.scsiAddress, device.id, 'SCSI address'),
        vmPath: '',
      };
    case 'virtio-mmio': {
      const path = present(device.virtPath, device.id, 'device node');
      return { driver: 'mmioblk', id: path, vmPath: path };
    }
    case 'nvdimm':
      return {
        driver: 'nvdimm',
        id: '',
        vmPath: `/dev/pmem${present(address.nvdimmIndex?.toString(), device.id, 'NVDIMM number')}`,
      };
  }
}

function blockMessage(
  plugged: PluggedDevice<BlockDrive | VhostUserDevice>,
  containerPath: string,
): DeviceMessage {
  const { driver, id, vmPath } = agentBlockAddress(plugged);
  return { id, type: driver, vmPath, containerPath, options: [] };
}

function vfioType(device: VfioDevice, mode: VfioMode, coldPlug: boolean): string {
  if (device.type === 'ap') return coldPlug && mode === 'vfio' ? 'vfio-ap-cold' : 'vfio-ap';
  return mode === 'vfio' ? 'vfio-pci' : 'vfio-pci-gk';
}

/** Domain that guests see for every host device; agents know no other. */
const assumedDomain = '0000';

function vfioOptions({ device, address }: PluggedDevice<VfioDevice>): readonly string[] {
  if (device.type === 'ap') return device.apQueues;
  if (address.pciPath === undefined) return [];
  const withoutDomain = device.name.split(':').slice(-2).join(':');
  return [`${assumedDomain}:${withoutDomain}=${address.pciPath}`];
}

function vfioMessage(
  members: readonly PluggedDevice<VfioDevice>[],
  containerPath: string,
  mode: VfioMode,
  coldPlug: boolean,
): DeviceMessage | undefined {
  const [first] = members;
  const options = members.flatMap(vfioOptions);
  if (first === undefined || options.length === 0) return undefined;
  return {
    id: basename(containerPath),
    type: vfioType(first.device, mode, coldPlug),
    vmPath: '',
    containerPath,
    options,
  };
}

function isBlock(plugged: PluggedDevice): plugged is PluggedDevice<BlockDrive | VhostUserDevice> {
  return plugged.device.kind === 'block' || plugged.device.kind === 'vhost-user-blk';
}

function isVfio(plugged: PluggedDevice): plugged is PluggedDevice<VfioDevice> {
  return plugged.device.kind === 'vfio';
}

/**
 * Makes the message that tells the agent about an attached device.
 *
 * @returns `undefined` for devices the agent is not told about: generic ones, volumes on persistent memory, VFIO
 * devices of which no member has an address in the guest.
 * @throws DeviceManagerError `device_not_attached`, `no_guest_address`.
 */
export function agentDevice(
  device: Device,
  containerPath: string,
  mode: VfioMode,
): DeviceMessage | undefined {
  if (device.kind === 'generic' || device.info?.pmem === true) return undefined;
  if (device.attachCount === 0) {
    throw new DeviceManagerError('device_not_attached', `device ${device.id} is not attached`, {
      device: device.id,
    });
  }
  if (device.kind === 'vfio') {
    return vfioMessage(device.plugged.filter(isVfio), containerPath, mode, device.info?.coldPlug ?? false);
  }
  const block = device.plugged.find(isBlock);
  return block === undefined ? undefined : blockMessage(block, containerPath);
}
