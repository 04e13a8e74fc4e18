// SPDX-License-Identifier: Apache-2.0
import type { DeviceDriver } from './device-driver.ts';
import { diskDrivers } from './drivers/disk-driver.ts';
import { coldVfioApDriver, vfioApDriver } from './drivers/vfio-ap-driver.ts';
import { guestKernelVfioDriver, vfioPciDriver } from './drivers/vfio-pci-driver.ts';

/** Every kind of device this agent knows, by the word in `Device.type`. */
export const deviceDrivers: ReadonlyMap<string, DeviceDriver> = new Map(
  [...diskDrivers, guestKernelVfioDriver, vfioPciDriver, vfioApDriver, coldVfioApDriver].map((driver) => [
    driver.type,
    driver,
  ]),
);
