// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from './device-manager-error.ts';

const drivers = ['virtio-blk', 'virtio-blk-ccw', 'virtio-scsi', 'virtio-mmio', 'nvdimm'] as const;

/** How a block device is presented to the guest; the names are those of Kata's configuration. */
export type BlockDriver = (typeof drivers)[number];

/** Reads the name of a driver; `virtio-blk-pci` is another name of `virtio-blk`. Throws `invalid_device` when unknown. */
export function parseBlockDriver(name: string): BlockDriver {
  const driver = drivers.find((known) => known === (name === 'virtio-blk-pci' ? 'virtio-blk' : name));
  if (driver !== undefined) return driver;
  throw new DeviceManagerError('invalid_device', `unknown block driver ${JSON.stringify(name)}`);
}
