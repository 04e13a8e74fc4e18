// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { DeviceQuery } from '../devices/device-query.ts';
import { attribute, namesIn, writeAttribute } from '../devices/sysfs.ts';
import { errnoName } from '../errors/describe-error.ts';

/** A CPU that has just been plugged in may refuse for a moment. */
const retryMs = 50;

/** A CPU without this file cannot be taken offline. */
async function isOnline(dir: string): Promise<boolean> {
  return ((await attribute(join(dir, 'online'))) ?? '1') === '1';
}

async function bringOnline(dir: string): Promise<boolean> {
  try {
    await writeAttribute(join(dir, 'online'), '1');
    return true;
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return false;
  }
}

/**
 * A number of CPUs that are online. Those that are not yet are brought online until it is reached.
 *
 * @param wanted - how many altogether
 */
export function onlineCpus(wanted: number): DeviceQuery<true> {
  return {
    description: `${wanted} online CPUs`,
    subsystems: ['cpu'],
    isDriverless: true,
    rescanMs: retryMs,
    async find({ sysDir }) {
      const cpusDir = join(sysDir, 'devices/system/cpu');
      const dirs = (await namesIn(cpusDir))
        .filter((name) => /^cpu\d+$/.test(name))
        .map((name) => join(cpusDir, name));
      const states = await Promise.all(dirs.map((dir) => isOnline(dir)));
      let online = states.filter((state) => state).length;
      for (const dir of dirs.filter((_dir, index) => !states[index])) {
        if (online >= wanted) break;
        if (await bringOnline(dir)) online += 1;
      }
      return online >= wanted ? true : undefined;
    },
  };
}
