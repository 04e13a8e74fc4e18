// SPDX-License-Identifier: Apache-2.0
import { type BlockDevice, blockDeviceOf } from '../block-device.ts';
import { parseCcwAddress } from '../ccw-address.ts';
import type { DeviceQuery } from '../device-query.ts';
import { virtioChildren } from '../virtio-children.ts';
import { findCcwDevice } from './ccw-device.ts';

/** A virtio disk by its CCW address. */
export function virtioBlkCcw(id: string): DeviceQuery<BlockDevice> {
  const address = parseCcwAddress(id);
  return {
    description: `disk at CCW address ${id}`,
    subsystems: ['block'],
    async find(tree) {
      const dir = await findCcwDevice(tree.sysDir, address);
      const [virtio] = dir === undefined ? [] : await virtioChildren(dir);
      return virtio === undefined ? undefined : await blockDeviceOf(tree, virtio);
    },
  };
}
