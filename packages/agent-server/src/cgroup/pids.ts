// SPDX-License-Identifier: Apache-2.0
import type { PidsStats } from '@hako/protocols/agent';
import { readCgroupFile, readCount } from './cgroup-file.ts';

/** Reads `pids.current` and `pids.max`, which are the same in both versions of cgroups; `max` counts as limit 0. */
export async function readPidsStats(dir: string): Promise<PidsStats | undefined> {
  const [current, limit] = await Promise.all([
    readCount(dir, 'pids.current'),
    readCgroupFile(dir, 'pids.max'),
  ]);
  if (current === undefined) return undefined;
  const limitText = limit?.trim() ?? 'max';
  return { current, limit: /^\d+$/.test(limitText) ? BigInt(limitText) : 0n };
}
