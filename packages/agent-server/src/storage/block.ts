// SPDX-License-Identifier: Apache-2.0
import type { BlockAddress } from '../devices/guest-devices.ts';
import { commonMount } from './common-mount.ts';
import { resolveBlockNode } from './block-node.ts';
import { makeFileSystem } from './make-file-system.ts';
import { mountedStorage } from './mounted-storage.ts';
import type { StorageContext, StorageDriver } from './storage-driver.ts';

/** Finds the disk of a storage, once it is there. */
export type DiskFinder = (source: string, context: StorageContext) => Promise<string> | string;

function waitFor(toAddress: (source: string) => BlockAddress): DiskFinder {
  return (source, { devices, signal }) => devices.waitForBlockDevice(toAddress(source), { signal });
}

const findPciDisk = waitFor((path) => ({ kind: 'pci', path }));

/** How hosts name disks, by the word in `Storage.driver`. */
export const diskFinders = {
  /** virtio-blk, by PCI path or by its node. */
  blk: (source, context) =>
    source.startsWith('/dev') ? resolveBlockNode(context.system, source) : findPciDisk(source, context),
  /** virtio-blk on s390x, by CCW address. */
  'blk-ccw': waitFor((id) => ({ kind: 'ccw', id })),
  /** virtio-scsi, by `<id>:<lun>`. */
  scsi: waitFor((address) => ({ kind: 'scsi', address })),
  /** virtio-mmio, by its node. */
  mmioblk: waitFor((path) => ({ kind: 'mmio', path })),
  /** Persistent memory, by its node. */
  nvdimm: waitFor((path) => ({ kind: 'pmem', path })),
} as const satisfies Readonly<Record<string, DiskFinder>>;

/** The drivers of all kinds of disks. */
export const diskDrivers: readonly StorageDriver[] = Object.entries(diskFinders).map(([name, findDisk]) => ({
  name,
  async attach(storage, context) {
    const source = await findDisk(storage.source, context);
    await makeFileSystem(storage, source, context);
    await commonMount({ ...storage, source }, context);
    return mountedStorage(storage.mountPoint, context);
  },
}));
