// SPDX-License-Identifier: Apache-2.0
import type { DeviceDriver } from './device-resolver.ts';
import { mmioBlockDriver, nvdimmDriver } from './node-device.ts';

/** Every kind of device this agent knows, by the word in `Device.type`. */
export const deviceDrivers: ReadonlyMap<string, DeviceDriver> = new Map(
  [mmioBlockDriver, nvdimmDriver].map((driver) => [driver.type, driver]),
);
