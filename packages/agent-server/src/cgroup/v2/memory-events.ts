// SPDX-License-Identifier: Apache-2.0
import { watch } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '../../errors/describe-error.ts';

/**
 * Calls back when the kernel has counted something in `memory.events`, of which it tells by inotify. Source: cgroup-v2.rst,
 * "Memory Interface Files".
 *
 * @returns ends the watch; undefined without a memory controller, or when the group is gone
 */
export function watchMemoryEvents(dir: string, callback: () => void): Disposable | undefined {
  try {
    const watcher = watch(join(dir, 'memory.events'), { persistent: false }, callback);
    // The group has gone: there will be no more events.
    watcher.on('error', () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
