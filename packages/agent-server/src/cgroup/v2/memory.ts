// SPDX-License-Identifier: Apache-2.0
import type { MemoryStats } from '@hako/protocols/agent';
import { readCount, readCounts } from '../cgroup-file.ts';

/** Reads the `memory.*` files. Source: cgroup-v2.rst, "Memory Interface Files". */
export async function readMemoryStatsV2(dir: string): Promise<MemoryStats | undefined> {
  const [current, peak, limit, swapCurrent, swapLimit, stat, events] = await Promise.all([
    readCount(dir, 'memory.current'),
    readCount(dir, 'memory.peak'),
    readCount(dir, 'memory.max'),
    readCount(dir, 'memory.swap.current'),
    readCount(dir, 'memory.swap.max'),
    readCounts(dir, 'memory.stat'),
    readCounts(dir, 'memory.events'),
  ]);
  if (current === undefined) return undefined;
  return {
    cache: stat?.get('cache') ?? 0n,
    usage: { usage: current, maxUsage: peak ?? 0n, failcnt: events?.get('max') ?? 0n, limit: limit ?? 0n },
    swapUsage:
      swapCurrent === undefined
        ? undefined
        : { usage: swapCurrent, maxUsage: 0n, failcnt: 0n, limit: swapLimit ?? 0n },
    kernelUsage: undefined,
    useHierarchy: true,
    stats: Object.fromEntries(stat ?? []),
  };
}
