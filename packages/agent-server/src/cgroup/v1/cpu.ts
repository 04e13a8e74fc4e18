// SPDX-License-Identifier: Apache-2.0
import type { CpuStats } from '@hako/protocols/agent';
import { readCgroupFile, readCount, readCounts } from '../cgroup-file.ts';

/** USER_HZ is 100 on every architecture Linux has today, so one tick is 10 ms. */
const nanosecondsPerTick = 10_000_000n;

/**
 * Reads the cpuacct and cpu controllers. Source: cpuacct.rst, sched-bwc.rst.
 *
 * @param cpuacctDir - group of the container below the cpuacct controller
 * @param cpuDir - group of the container below the cpu controller
 */
export async function readCpuStatsV1(cpuacctDir: string, cpuDir: string): Promise<CpuStats | undefined> {
  const [total, perCpu, ticks, throttling] = await Promise.all([
    readCount(cpuacctDir, 'cpuacct.usage'),
    readCgroupFile(cpuacctDir, 'cpuacct.usage_percpu'),
    readCounts(cpuacctDir, 'cpuacct.stat'),
    readCounts(cpuDir, 'cpu.stat'),
  ]);
  if (total === undefined && throttling === undefined) return undefined;
  const cpuUsage =
    total === undefined
      ? undefined
      : {
          totalUsage: total,
          percpuUsage: (perCpu ?? '')
            .split(/\s+/)
            .flatMap((text) => (/^\d+$/.test(text) ? [BigInt(text)] : [])),
          usageInKernelmode: (ticks?.get('system') ?? 0n) * nanosecondsPerTick,
          usageInUsermode: (ticks?.get('user') ?? 0n) * nanosecondsPerTick,
        };
  const throttlingData =
    throttling === undefined
      ? undefined
      : {
          periods: throttling.get('nr_periods') ?? 0n,
          throttledPeriods: throttling.get('nr_throttled') ?? 0n,
          throttledTime: throttling.get('throttled_time') ?? 0n,
        };
  return { cpuUsage, throttlingData };
}
