// SPDX-License-Identifier: Apache-2.0
import type { CpuStats } from '@hako/protocols/agent';
import { readCounts } from '../cgroup-file.ts';

const nanosecondsPerMicrosecond = 1000n;

/** Reads `cpu.stat`; its microseconds become nanoseconds. Source: cgroup-v2.rst, "CPU Interface Files". */
export async function readCpuStatsV2(dir: string): Promise<CpuStats | undefined> {
  const counts = await readCounts(dir, 'cpu.stat');
  if (counts === undefined) return undefined;
  const count = (key: string) => counts.get(key) ?? 0n;
  const nanoseconds = (key: string) => count(key) * nanosecondsPerMicrosecond;
  return {
    cpuUsage: {
      totalUsage: nanoseconds('usage_usec'),
      percpuUsage: [],
      usageInKernelmode: nanoseconds('system_usec'),
      usageInUsermode: nanoseconds('user_usec'),
    },
    throttlingData: {
      periods: count('nr_periods'),
      throttledPeriods: count('nr_throttled'),
      throttledTime: nanoseconds('throttled_usec'),
    },
  };
}
