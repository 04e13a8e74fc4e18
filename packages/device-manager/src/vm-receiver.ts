// SPDX-License-Identifier: Apache-2.0
import type { DevicePlugging, PluggableDevice as VmDevice } from '@hako/hypervisor';
import { DeviceManagerError } from './device-manager-error.ts';
import type { DeviceReceiver } from './device-receiver.ts';
import type {
  BlockDrive,
  GuestAddress,
  PluggableDevice,
  VfioDevice,
  VhostUserDevice,
} from './pluggable-device.ts';

/** What of a virtual machine is needed to plug devices. */
export type PluggingVm = Pick<DevicePlugging, 'plug' | 'unplug'>;

/** How a machine reads and writes all its disks. */
export interface DiskAccess {
  /** How the hypervisor reads and writes. Default `threads`; `native` needs {@link DiskAccess.direct}. */
  readonly aio?: 'threads' | 'native' | 'io_uring';
  /** Past the page cache of the host. Default false. */
  readonly direct?: boolean;
  /** The guest's requests to write data out are not carried out: fast, and a crash of the host loses data. Default false. */
  readonly noFlush?: boolean;
}

/**
 * Makes a running virtual machine the receiver of a device manager.
 *
 * Disks on s390x buses, memory-mapped disks and NVDIMMs, mediated crypto adapters and DAX windows are refused with
 * `invalid_device`. So is adding to the machine's configuration: the machine runs already.
 */
export function vmReceiver(vm: PluggingVm, disks: DiskAccess = {}): DeviceReceiver {
  return {
    append: (device) => Promise.reject(refused(device, 'is to be there at boot, and the machine runs')),
    async hotplug(device, { signal }) {
      const { address } = await vm.plug(vmDevice(device, disks), { signal });
      return guestAddress(address);
    },
    async unplug({ device }, { signal }) {
      await vm.unplug(device.id, { signal });
    },
  };
}

function refused(device: PluggableDevice, why: string): DeviceManagerError {
  return new DeviceManagerError('invalid_device', `${device.kind} device ${device.id} ${why}`, {
    device: device.id,
  });
}

type VmAddress = Awaited<ReturnType<PluggingVm['plug']>>['address'];

/** CPUs and memory have no address of this sort, and no device manager asks for them. */
function guestAddress(address: VmAddress): GuestAddress {
  if (!('pciPath' in address)) return {};
  const { pciPath } = address;
  const scsiAddress = 'scsiAddress' in address ? address.scsiAddress : undefined;
  return { pciPath, ...(scsiAddress !== undefined && { scsiAddress }) };
}

function vmDevice(device: PluggableDevice, disks: DiskAccess): VmDevice {
  switch (device.kind) {
    case 'block':
      return vmDisk(device, disks);
    case 'vfio':
      return vmHostDevice(device);
    case 'vhost-user-blk':
    case 'vhost-user-scsi':
    case 'vhost-user-net':
    case 'vhost-user-fs':
      return vmVhostUser(device);
    default:
      return device satisfies never;
  }
}

function vmDisk(drive: BlockDrive, access: DiskAccess): VmDevice {
  const { id, file, driver, readOnly, discardUnmap } = drive;
  if (driver !== 'virtio-blk' && driver !== 'virtio-scsi')
    throw refused(drive, `cannot be plugged as ${driver}`);
  if (drive.format !== 'raw') throw refused(drive, `has format ${drive.format}, not raw`);
  return { kind: 'block', id, path: file, readOnly, driver, discard: discardUnmap, ...access };
}

function vmHostDevice(device: VfioDevice): VmDevice {
  const { id, type, name, sysfsPath, isPcie, port } = device;
  switch (type) {
    case 'pci': {
      const host = { kind: 'pci', address: name } as const;
      // A conventional PCI device is no guest of a PCI Express port.
      return { kind: 'vfio', id, host, ...(isPcie && port !== 'bridge-port' && { port }) };
    }
    case 'mediated':
      return { kind: 'vfio', id, host: { kind: 'mediated', sysfsPath } };
    case 'ap':
      throw refused(device, 'is a crypto adapter');
    default:
      return type satisfies never;
  }
}

function vmVhostUser(device: VhostUserDevice): VmDevice {
  const {
    kind,
    id,
    socketPath,
    reconnectSeconds,
    macAddress = '',
    tag = '',
    queueSize,
    cacheMib = 0,
  } = device;
  switch (kind) {
    case 'vhost-user-blk':
      return { kind, id, socketPath, reconnectSeconds };
    case 'vhost-user-scsi':
      return { kind, id, socketPath };
    case 'vhost-user-net':
      return {
        kind: 'network',
        id,
        mac: macAddress.toLowerCase(),
        backend: { kind: 'vhost-user', socketPath },
      };
    case 'vhost-user-fs':
      if (cacheMib > 0) throw refused(device, 'wants a DAX window');
      return { kind: 'virtio-fs', id, socketPath, tag, ...(queueSize !== undefined && { queueSize }) };
    default:
      return kind satisfies never;
  }
}
