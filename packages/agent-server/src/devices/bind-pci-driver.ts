// SPDX-License-Identifier: Apache-2.0
import { basename, join } from 'node:path';
import type { GuestDevices } from './guest-devices.ts';
import { linkedName, writeAttribute } from './sysfs.ts';

/**
 * Gives a PCI device to a driver, whichever has it now. Source: Documentation/ABI/testing/sysfs-bus-pci of the kernel.
 *
 * @param dir - of the device in sysfs, its last name the address
 */
export async function bindPciDriver(
  { tree, loadDrivers }: Pick<GuestDevices, 'tree' | 'loadDrivers'>,
  dir: string,
  driver: string,
): Promise<void> {
  await writeAttribute(join(dir, 'driver_override'), driver);
  const current = await linkedName(join(dir, 'driver'));
  if (current === driver) return;
  const address = basename(dir);
  if (current !== undefined) await writeAttribute(join(dir, 'driver/unbind'), address);
  await loadDrivers();
  await writeAttribute(join(tree.sysDir, 'bus/pci/drivers_probe'), address);
}
