// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { formatApAddress, parseApAddress } from '../ap-address.ts';
import type { DeviceQuery } from '../device-query.ts';
import { exists } from '../sysfs.ts';

/** A queue of an adjunct processor; gives its directory in sysfs. */
export function apQueue(text: string): DeviceQuery<string> {
  const address = formatApAddress(parseApAddress(text));
  const card = `card${address.slice(0, address.indexOf('.'))}`;
  return {
    description: `AP queue ${address}`,
    subsystems: ['ap'],
    async find({ sysDir }) {
      const dir = join(sysDir, 'devices/ap', card, address);
      return (await exists(dir)) ? dir : undefined;
    },
  };
}
