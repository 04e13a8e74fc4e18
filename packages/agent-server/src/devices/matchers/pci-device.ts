// SPDX-License-Identifier: Apache-2.0
import type { DeviceQuery } from '../device-query.ts';
import { parsePciPath } from '../pci-path.ts';
import { resolvePciPath } from '../resolve-pci-path.ts';

/** The device at a PCI path, whatever it is; gives its directory in sysfs, whose last name is its address. */
export function pciDevice(path: string): DeviceQuery<string> {
  const parsed = parsePciPath(path);
  return {
    description: `device at PCI path ${path}`,
    subsystems: ['pci'],
    find: ({ sysDir }) => resolvePciPath(sysDir, parsed),
  };
}
