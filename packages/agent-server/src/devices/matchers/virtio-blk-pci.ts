// SPDX-License-Identifier: Apache-2.0
import { type BlockDevice, blockDeviceOf } from '../block-device.ts';
import type { DeviceQuery } from '../device-query.ts';
import { parsePciPath } from '../pci-path.ts';
import { resolvePciPath } from '../resolve-pci-path.ts';
import { virtioChildren } from '../virtio-children.ts';

/** A virtio disk by its PCI path. */
export function virtioBlkPci(path: string): DeviceQuery<BlockDevice> {
  const parsed = parsePciPath(path);
  return {
    description: `disk at PCI path ${path}`,
    subsystems: ['block'],
    async find(tree) {
      const dir = await resolvePciPath(tree.sysDir, parsed);
      const [virtio] = dir === undefined ? [] : await virtioChildren(dir);
      return virtio === undefined ? undefined : await blockDeviceOf(tree, virtio);
    },
  };
}
