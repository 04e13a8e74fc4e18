// SPDX-License-Identifier: Apache-2.0
import type { OciCpu, OciResources } from '@hako/protocols';

import { SandboxError } from '../sandbox-error.ts';

/**
 * Limits of a container inside its machine. What is absent stays as it is. The agent's wire has no word for "no limit": one
 * that was set can be changed, not taken away.
 */
export interface ContainerLimits {
  /** Memory in bytes. What is used above it is reclaimed, or a process is killed. */
  readonly memoryBytes?: number;
  /** Share of the CPUs when they are wanted by several containers, 2 to 262,144; the kernel's default is 1024. */
  readonly cpuShares?: number;
  /** Processor time within each period in microseconds, at least 1000; two periods' worth is two CPUs. */
  readonly cpuQuotaUs?: number;
  /** Length of the period in microseconds, 1000 to 1,000,000. */
  readonly cpuPeriodUs?: number;
  /** Processes and threads. */
  readonly pidsLimit?: number;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Sources: the kernel's MIN_SHARES and MAX_SHARES, scheduler/sched-bwc.rst, and `pid_max` in proc(5). */
const ranges: Readonly<Record<keyof ContainerLimits, Range>> = {
  memoryBytes: { min: 4096, max: Number.MAX_SAFE_INTEGER },
  cpuShares: { min: 2, max: 262_144 },
  cpuQuotaUs: { min: 1000, max: Number.MAX_SAFE_INTEGER },
  cpuPeriodUs: { min: 1000, max: 1_000_000 },
  pidsLimit: { min: 1, max: 4_194_304 },
};

/**
 * Checks limits and puts them as the OCI has them. Error: `invalid_options` for a number out of range, and when there is
 * none at all.
 * @param limits as the caller gave them
 */
export function resourcesOf(limits: ContainerLimits): OciResources {
  check(limits);
  const { memoryBytes, cpuShares, cpuQuotaUs, cpuPeriodUs, pidsLimit } = limits;
  const cpu: OciCpu = {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpuQuotaUs === undefined ? {} : { quota: cpuQuotaUs }),
    ...(cpuPeriodUs === undefined ? {} : { period: cpuPeriodUs }),
  };
  return {
    ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes } }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
  };
}

function check(limits: ContainerLimits): void {
  const given = new Map<string, number | undefined>(Object.entries(limits));
  let count = 0;
  for (const [name, { min, max }] of Object.entries(ranges)) {
    const value = given.get(name);
    if (value === undefined) continue;
    count += 1;
    if (Number.isSafeInteger(value) && value >= min && value <= max) continue;
    throw new SandboxError('invalid_options', `${name} of ${value} is not possible`, {
      remedy: `give a whole number from ${min} to ${max}`,
    });
  }
  if (count === 0)
    throw new SandboxError('invalid_options', 'no limit is given', { remedy: 'give at least one' });
}
