// SPDX-License-Identifier: Apache-2.0
import type { BlockDriver } from '../block-driver.ts';
import { driveName } from '../drive-name.ts';
import type { BlockDrive } from '../pluggable-device.ts';
import { machineId, type DeviceRecord, type KindContext } from './kind-context.ts';

/** Number of LUNs per SCSI target that are used. */
const lunsPerTarget = 256;

function placeOf(driver: BlockDriver, index: number): Pick<BlockDrive, 'scsiAddress' | 'virtPath'> {
  switch (driver) {
    case 'virtio-scsi':
      return { scsiAddress: `${Math.floor(index / lunsPerTarget)}:${index % lunsPerTarget}` };
    case 'virtio-blk':
    case 'virtio-blk-ccw':
      return { virtPath: `/dev/${driveName(index)}` };
    case 'virtio-mmio':
      // The root file system is the first disk of such machines, and is not counted.
      return { virtPath: `/dev/${driveName(index + 1)}` };
    case 'nvdimm':
      return {};
  }
}

/** Describes a block device or a file as a disk, taking the lowest free index. */
export function describeBlock({ id, info, hostPath }: DeviceRecord, context: KindContext): BlockDrive {
  const pmem = info.pmem ?? false;
  const driver = pmem ? 'nvdimm' : (info.driverOptions?.blockDriver ?? context.blockDriver);
  const index = context.indexes.take();
  return {
    kind: 'block',
    id: machineId('drive', id),
    file: hostPath,
    driver,
    format: info.driverOptions?.fstype ?? 'raw',
    index,
    ...placeOf(driver, index),
    readOnly: info.readOnly ?? false,
    discardUnmap: info.discardUnmap ?? false,
    pmem,
  };
}
