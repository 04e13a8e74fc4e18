// SPDX-License-Identifier: Apache-2.0
import type { BlockDriver } from './block-driver.ts';
import type { PciePortKind } from './device-info.ts';
import type { PciPath } from './pci-path.ts';

/** A disk to plug. */
export interface BlockDrive {
  readonly kind: 'block';
  /** Name in the virtual machine, at most 31 characters. */
  readonly id: string;
  /** File or device node on the host. */
  readonly file: string;
  readonly driver: BlockDriver;
  readonly format: string;
  readonly index: number;
  /** With `virtio-scsi`: target and LUN, `id:lun`. */
  readonly scsiAddress?: string;
  /** Expected device node in the guest, with drivers whose nodes are numbered. */
  readonly virtPath?: string;
  readonly readOnly: boolean;
  readonly discardUnmap: boolean;
  readonly pmem: boolean;
}

/** Which vhost-user device to plug; names are QEMU's for net, upstream's for all. */
export type VhostUserKind = 'vhost-user-blk' | 'vhost-user-scsi' | 'vhost-user-net' | 'vhost-user-fs';

/** A device whose other end is a process on the host. */
export interface VhostUserDevice {
  readonly kind: VhostUserKind;
  /** Name in the virtual machine, at most 31 characters. */
  readonly id: string;
  readonly socketPath: string;
  /** With blk and a virtio-blk driver: number of the disk. */
  readonly index?: number;
  /** With net. */
  readonly macAddress?: string;
  /** With fs: what the guest mounts by. */
  readonly tag?: string;
  /** With fs: size of the DAX window in MiB; 0 for none. */
  readonly cacheMib?: number;
  readonly queueSize?: number;
  /** Seconds until a lost connection is tried again; 0 means never. */
  readonly reconnectSeconds: number;
}

/** A PCI function, mediated device or crypto adapter of the host that is handed to the guest. */
export interface VfioDevice {
  readonly kind: 'vfio';
  /** Name in the virtual machine. */
  readonly id: string;
  readonly type: 'pci' | 'mediated' | 'ap';
  /** Address on the host: `0000:3b:00.0`, or a UUID. */
  readonly name: string;
  readonly sysfsPath: string;
  /** Device node that gives access: the group's, or the device's own with iommufd. */
  readonly hostPath: string;
  readonly vendorId?: string;
  readonly deviceId?: string;
  readonly classId?: string;
  /** Of the host; −1 when unknown. */
  readonly numaNode: number;
  readonly isPcie: boolean;
  readonly port: PciePortKind;
  /** Bus of the port the device is plugged into; PCIe devices only. */
  readonly bus?: string;
  /** Queue numbers of a crypto adapter, such as `05.0004`. */
  readonly apQueues: readonly string[];
}

/** What a virtual machine can be asked to take. */
export type PluggableDevice = BlockDrive | VhostUserDevice | VfioDevice;

/** Where the guest finds a plugged device, as far as the virtual machine knows. */
export interface GuestAddress {
  readonly pciPath?: PciPath;
  /** Target and LUN, `id:lun`, where the virtual machine has chosen them. */
  readonly scsiAddress?: string;
  /** Channel subsystem address on s390x: `0.<n>.<dddd>`. */
  readonly ccwBusId?: string;
  /** Number of an NVDIMM: `/dev/pmem<n>`. */
  readonly nvdimmIndex?: number;
}

/** A device in the virtual machine. */
export interface PluggedDevice<Device extends PluggableDevice = PluggableDevice> {
  readonly device: Device;
  readonly address: GuestAddress;
}
