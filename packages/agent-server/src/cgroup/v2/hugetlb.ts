// SPDX-License-Identifier: Apache-2.0
import type { HugetlbStats } from '@hako/protocols/agent';
import { readCount, readCounts } from '../cgroup-file.ts';

/** Reads `hugetlb.<size>.*` for each size of page. Source: cgroup-v2.rst, "HugeTLB Interface Files". */
export async function readHugetlbStatsV2(
  dir: string,
  pageSizes: readonly string[],
): Promise<Record<string, HugetlbStats>> {
  const stats: Record<string, HugetlbStats> = {};
  await Promise.all(
    pageSizes.map(async (size) => {
      const [usage, events] = await Promise.all([
        readCount(dir, `hugetlb.${size}.current`),
        readCounts(dir, `hugetlb.${size}.events`),
      ]);
      if (usage !== undefined) stats[size] = { usage, maxUsage: 0n, failcnt: events?.get('max') ?? 0n };
    }),
  );
  return stats;
}
