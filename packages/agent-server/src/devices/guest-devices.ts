// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { BlockDevice } from './block-device.ts';
import type { DeviceQuery, DeviceTree, DeviceWait } from './device-query.ts';
import { createDeviceWatch, type DeviceWatch, type DeviceWatchComponents } from './device-watch.ts';
import { persistentMemory, virtioMmioDisk } from './matchers/named-disk.ts';
import { netCcw, netPci } from './matchers/net-device.ts';
import { scsiDisk } from './matchers/scsi-disk.ts';
import { virtioBlkCcw } from './matchers/virtio-blk-ccw.ts';
import { virtioBlkPci } from './matchers/virtio-blk-pci.ts';
import type { DriverLoader } from './missing-drivers.ts';

/** How a host names a disk. */
export type BlockAddress =
  /** virtio-blk by PCI path: `02/01`. */
  | { readonly kind: 'pci'; readonly path: string }
  /** virtio-scsi by `<id>:<lun>`. */
  | { readonly kind: 'scsi'; readonly address: string }
  /** virtio-mmio by its node: `/dev/vda`. */
  | { readonly kind: 'mmio'; readonly path: string }
  /** Persistent memory by its node: `/dev/pmem0`. */
  | { readonly kind: 'pmem'; readonly path: string }
  /** virtio-blk by CCW address, on s390x: `0.0.0005`. */
  | { readonly kind: 'ccw'; readonly id: string };

/** The devices of the guest, those that are still being plugged included. */
export interface GuestDevices extends DeviceWatch {
  readonly tree: DeviceTree;
  /**
   * Waits for a disk.
   *
   * @returns its node: `/dev/vdb`
   * @throws AgentError `invalid_request` for an address that is none, `timed_out`, `device_failed`
   */
  waitForBlockDevice(address: BlockAddress, options?: DeviceWait): Promise<string>;
  /**
   * Waits for a network interface.
   *
   * @param devicePath - PCI path; CCW address on s390x
   * @returns its name: `eth0`
   * @throws AgentError `invalid_request` for an address that is none, `timed_out`, `device_failed`
   */
  waitForNetDevice(devicePath: string, options?: DeviceWait): Promise<string>;
  /** Loads the modules for devices that have no driver yet. */
  readonly loadDrivers: DriverLoader;
  /** The query behind {@link GuestDevices.waitForBlockDevice}, which tells the device number too. */
  blockQuery(address: BlockAddress): DeviceQuery<BlockDevice>;
  /** @throws AgentError `device_failed` where there is no channel subsystem: anywhere but on s390x */
  requireChannelSubsystem(what: string): void;
}

/** What {@link GuestDevices} work with. */
export interface GuestDevicesComponents extends DeviceWatchComponents {
  /** Node's name of the architecture. */
  readonly arch: string;
}

/** Makes {@link GuestDevices}. */
export function createGuestDevices(components: GuestDevicesComponents): GuestDevices {
  const { tree, arch } = components;
  const { wait } = createDeviceWatch(components);

  function requireChannelSubsystem(what: string): void {
    if (arch === 's390x') return;
    throw new AgentError('device_failed', `${what} exists on s390x only, this is ${arch}`, { operand: what });
  }

  function blockQuery(address: BlockAddress): DeviceQuery<BlockDevice> {
    switch (address.kind) {
      case 'pci':
        return virtioBlkPci(address.path);
      case 'scsi':
        return scsiDisk(address.address);
      case 'mmio':
        return virtioMmioDisk(address.path);
      case 'pmem':
        return persistentMemory(address.path);
      case 'ccw':
        requireChannelSubsystem('a CCW disk');
        return virtioBlkCcw(address.id);
    }
  }

  return {
    tree,
    loadDrivers: components.loadDrivers,
    wait,
    blockQuery,
    requireChannelSubsystem,
    async waitForBlockDevice(address, options) {
      return (await wait(blockQuery(address), options)).path;
    },
    async waitForNetDevice(devicePath, options) {
      return await wait(arch === 's390x' ? netCcw(devicePath) : netPci(devicePath), options);
    },
  };
}
