// SPDX-License-Identifier: Apache-2.0
import { readlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DeviceManagerError } from '../device-manager-error.ts';

/** A PCI device that was taken from its driver. */
export interface VfioBinding {
  /** Node of the device's group, `/dev/vfio/<group>`. */
  readonly hostPath: string;
  /** Driver the device had; `undefined` when it had none. */
  readonly driver: string | undefined;
}

const pciAddress = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

async function linkName(path: string): Promise<string | undefined> {
  try {
    return basename(await readlink(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function rebind(address: string, driver: string, sys: string): Promise<void> {
  const device = join(sys, 'bus', 'pci', 'devices', address);
  await writeFile(join(device, 'driver_override'), driver);
  if ((await linkName(join(device, 'driver'))) !== undefined) {
    await writeFile(join(device, 'driver', 'unbind'), address);
  }
  await writeFile(join(sys, 'bus', 'pci', 'drivers_probe'), address);
}

function checkAddress(address: string): void {
  if (!pciAddress.test(address)) {
    throw new DeviceManagerError('invalid_device', `${JSON.stringify(address)} is no PCI address`);
  }
}

/**
 * Takes a PCI device, such as a network card, from its driver and gives it to `vfio-pci`.
 *
 * @param address - As in `0000:3b:00.0`.
 * @param sys - Root of sysfs.
 * @throws DeviceManagerError `invalid_device` when the device has no IOMMU group. File system errors pass.
 */
export async function bindToVfio(address: string, sys = '/sys'): Promise<VfioBinding> {
  checkAddress(address);
  const device = join(sys, 'bus', 'pci', 'devices', address);
  const [driver, group] = await Promise.all([
    linkName(join(device, 'driver')),
    linkName(join(device, 'iommu_group')),
  ]);
  if (group === undefined) {
    throw new DeviceManagerError('invalid_device', `${address} has no IOMMU group`, { device: address });
  }
  await rebind(address, 'vfio-pci', sys);
  return { hostPath: `/dev/vfio/${group}`, driver };
}

/** Gives a device back to the driver it had. File system errors pass. */
export async function unbindFromVfio(
  address: string,
  binding: Pick<VfioBinding, 'driver'>,
  sys = '/sys',
): Promise<void> {
  checkAddress(address);
  // A line feed alone clears the override, so that the kernel chooses.
  await rebind(address, binding.driver ?? '\n', sys);
}
