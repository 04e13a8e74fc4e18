// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { formatCcwAddress, type CcwAddress } from '../ccw-address.ts';
import { exists, namesIn } from '../sysfs.ts';

const subchannelPattern = /^0\.[0-3]\.[0-9a-f]{4}$/;

/** The directory of a CCW device, which lies below the subchannel that leads to it. */
export async function findCcwDevice(sysDir: string, address: CcwAddress): Promise<string | undefined> {
  const subsystem = join(sysDir, 'devices/css0');
  for (const subchannel of await namesIn(subsystem)) {
    const dir = join(subsystem, subchannel, formatCcwAddress(address));
    if (subchannelPattern.test(subchannel) && (await exists(dir))) return dir;
  }
  return undefined;
}
