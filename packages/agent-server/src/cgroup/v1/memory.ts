// SPDX-License-Identifier: Apache-2.0
import type { MemoryData, MemoryStats } from '@hako/protocols/agent';
import { readCount, readCounts } from '../cgroup-file.ts';

async function readData(dir: string, prefix: string): Promise<MemoryData | undefined> {
  const [usage, maxUsage, failcnt, limit] = await Promise.all([
    readCount(dir, `${prefix}.usage_in_bytes`),
    readCount(dir, `${prefix}.max_usage_in_bytes`),
    readCount(dir, `${prefix}.failcnt`),
    readCount(dir, `${prefix}.limit_in_bytes`),
  ]);
  if (usage === undefined) return undefined;
  return { usage, maxUsage: maxUsage ?? 0n, failcnt: failcnt ?? 0n, limit: limit ?? 0n };
}

/** Reads the memory controller. Source: Documentation/admin-guide/cgroup-v1/memory.rst. */
export async function readMemoryStatsV1(dir: string): Promise<MemoryStats | undefined> {
  const [usage, swapUsage, kernelUsage, useHierarchy, stat] = await Promise.all([
    readData(dir, 'memory'),
    readData(dir, 'memory.memsw'),
    readData(dir, 'memory.kmem'),
    readCount(dir, 'memory.use_hierarchy'),
    readCounts(dir, 'memory.stat'),
  ]);
  if (usage === undefined) return undefined;
  return {
    cache: stat?.get('cache') ?? 0n,
    usage,
    swapUsage,
    kernelUsage,
    useHierarchy: useHierarchy === 1n,
    stats: Object.fromEntries(stat ?? []),
  };
}
