// SPDX-License-Identifier: Apache-2.0
import type { HugetlbStats } from '@hako/protocols/agent';
import { readCount } from '../cgroup-file.ts';

/** Reads the hugetlb controller for each size of page. Source: Documentation/admin-guide/cgroup-v1/hugetlb.rst. */
export async function readHugetlbStatsV1(
  dir: string,
  pageSizes: readonly string[],
): Promise<Record<string, HugetlbStats>> {
  const stats: Record<string, HugetlbStats> = {};
  await Promise.all(
    pageSizes.map(async (size) => {
      const [usage, maxUsage, failcnt] = await Promise.all([
        readCount(dir, `hugetlb.${size}.usage_in_bytes`),
        readCount(dir, `hugetlb.${size}.max_usage_in_bytes`),
        readCount(dir, `hugetlb.${size}.failcnt`),
      ]);
      if (usage !== undefined) stats[size] = { usage, maxUsage: maxUsage ?? 0n, failcnt: failcnt ?? 0n };
    }),
  );
  return stats;
}
