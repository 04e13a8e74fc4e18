// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { type DeviceNumber, readDeviceNumber } from '../device-number.ts';
import type { DeviceQuery } from '../device-query.ts';
import { exists } from '../sysfs.ts';

/** A group of devices that can be handed on by VFIO: `/dev/vfio/<group>`. */
export function vfioGroup(group: string): DeviceQuery<DeviceNumber> {
  return {
    description: `VFIO group ${group}`,
    subsystems: ['vfio'],
    async find({ sysDir, devDir }) {
      const number = await readDeviceNumber(join(sysDir, 'devices/virtual/vfio', group));
      return number !== undefined && (await exists(join(devDir, 'vfio', group))) ? number : undefined;
    },
  };
}
