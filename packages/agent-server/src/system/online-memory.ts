// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { attribute, namesIn, writeAttribute } from '../devices/sysfs.ts';
import type { Logger } from '../logging/logger.ts';

/** Brings every block of memory online that is not; one that refuses is logged. */
export async function bringMemoryOnline(sysDir: string, logger: Logger): Promise<void> {
  const memoryDir = join(sysDir, 'devices/system/memory');
  for (const name of await namesIn(memoryDir)) {
    const state = join(memoryDir, name, 'online');
    if (!/^memory\d+$/.test(name) || (await attribute(state)) !== '0') continue;
    try {
      await writeAttribute(state, '1');
    } catch (error) {
      logger.warn({ error, block: name }, 'memory cannot be brought online');
    }
  }
}
