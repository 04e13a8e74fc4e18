// SPDX-License-Identifier: Apache-2.0
import type { OciInteger, OciResources } from '@hako/protocols';

import type { Controller } from './cgroup-hierarchies.ts';

/** One value for one file of a control group. */
export interface CgroupSetting {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
}

const usualPeriodUs = 100_000;
const leastShares = 2;
const mostShares = 262_144;
const mostWeight = 10_000;

/**
 * Puts limits as the files of a control group have them. Sources: cgroup-v1/ and cgroup-v2.rst of the kernel.
 * @param limits what shall hold
 * @param version of the control groups
 */
export function cgroupSettings(limits: OciResources, version: 1 | 2): readonly CgroupSetting[] {
  const { cpu, memory, pids } = limits;
  const period = cpu?.period ?? usualPeriodUs;
  return [
    ...(version === 1
      ? [
          setting('cpu', 'cpu.cfs_period_us', cpu?.quota === undefined ? undefined : period),
          setting('cpu', 'cpu.cfs_quota_us', cpu?.quota),
          setting('cpu', 'cpu.shares', cpu?.shares),
        ]
      : [
          setting('cpu', 'cpu.max', cpu?.quota === undefined ? undefined : `${cpu.quota} ${period}`),
          setting('cpu', 'cpu.weight', cpu?.shares === undefined ? undefined : weightOf(cpu.shares)),
        ]),
    setting('cpuset', 'cpuset.cpus', cpu?.cpus),
    setting('memory', version === 1 ? 'memory.limit_in_bytes' : 'memory.max', memory?.limit),
    setting('pids', 'pids.max', pids?.limit),
  ].flat();
}

function setting(
  controller: Controller,
  file: string,
  value: OciInteger | string | undefined,
): readonly CgroupSetting[] {
  return value === undefined ? [] : [{ controller, file, value: String(value) }];
}

/** Shares of version 1 as a weight of version 2, as container runtimes have it. */
function weightOf(shares: OciInteger): number {
  const part = (Number(shares) - leastShares) / (mostShares - leastShares);
  return 1 + Math.floor(part * (mostWeight - 1));
}
