// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { parseCcwAddress } from '../ccw-address.ts';
import type { DeviceQuery } from '../device-query.ts';
import { parsePciPath } from '../pci-path.ts';
import { resolvePciPath } from '../resolve-pci-path.ts';
import { namesIn } from '../sysfs.ts';
import { virtioChildren } from '../virtio-children.ts';
import { findCcwDevice } from './ccw-device.ts';

/** The first network interface of a device, or of a virtio device behind it. */
async function interfaceOf(deviceDir: string | undefined): Promise<string | undefined> {
  if (deviceDir === undefined) return undefined;
  for (const dir of [deviceDir, ...(await virtioChildren(deviceDir))]) {
    const [name] = await namesIn(join(dir, 'net'));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The network interface of the device at a PCI path; gives its name. */
export function netPci(path: string): DeviceQuery<string> {
  const parsed = parsePciPath(path);
  return {
    description: `network interface at PCI path ${path}`,
    subsystems: ['net'],
    find: async ({ sysDir }) => await interfaceOf(await resolvePciPath(sysDir, parsed)),
  };
}

/** The network interface of the device at a CCW address; gives its name. */
export function netCcw(id: string): DeviceQuery<string> {
  const address = parseCcwAddress(id);
  return {
    description: `network interface at CCW address ${id}`,
    subsystems: ['net'],
    find: async ({ sysDir }) => await interfaceOf(await findCcwDevice(sysDir, address)),
  };
}
