// SPDX-License-Identifier: Apache-2.0
import type { OciCpu, OciMemory, OciResources } from '@hako/protocols';

import { countCpus } from '../resources/resource-demand.ts';
import { SandboxError } from '../sandbox-error.ts';
import { isWholeNumber } from '../whole-number.ts';

/**
 * Limits of a container inside its machine. What is absent stays as it is, or as the image's specification has it. The
 * agent's wire has no word for "no limit": one that was set can be changed, not taken away.
 */
export interface ContainerLimits {
  /** Memory in bytes. What is used above it is reclaimed, or a process is killed. */
  readonly memoryBytes?: number;
  /** Memory and swap together, in bytes; at least `memoryBytes`. */
  readonly memorySwapBytes?: number;
  /**
   * How readily it swaps, 0 to 100. Above 0 a sandbox with `guestSwap` has swap space for it; guests with control groups of
   * version 2 make nothing else of the number.
   */
  readonly memorySwappiness?: number;
  /** Share of the CPUs when they are wanted by several containers, 2 to 262,144; the kernel's default is 1024. */
  readonly cpuShares?: number;
  /** Processor time within each period in microseconds, at least 1000; two periods' worth is two CPUs. */
  readonly cpuQuotaUs?: number;
  /** Length of the period in microseconds, 1000 to 1,000,000. */
  readonly cpuPeriodUs?: number;
  /** CPUs of the machine it may run on, such as `0-1,3`. */
  readonly cpuset?: string;
  /** Processes and threads. */
  readonly pidsLimit?: number;
  /** Share of the disks' time, 10 to 1000; needs a scheduler in the guest that takes weights. */
  readonly blockIoWeight?: number;
  /** Huge pages in bytes, by the size of a page, such as `2MB`. */
  readonly hugepageBytes?: Readonly<Record<string, number>>;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Sources: the kernel's MIN_SHARES and MAX_SHARES, scheduler/sched-bwc.rst, `pid_max` in proc(5), the OCI runtime specification. */
const ranges: Readonly<Record<Exclude<keyof ContainerLimits, 'cpuset' | 'hugepageBytes'>, Range>> = {
  memoryBytes: { min: 4096, max: Number.MAX_SAFE_INTEGER },
  memorySwapBytes: { min: 4096, max: Number.MAX_SAFE_INTEGER },
  memorySwappiness: { min: 0, max: 100 },
  cpuShares: { min: 2, max: 262_144 },
  cpuQuotaUs: { min: 1000, max: Number.MAX_SAFE_INTEGER },
  cpuPeriodUs: { min: 1000, max: 1_000_000 },
  pidsLimit: { min: 1, max: 4_194_304 },
  blockIoWeight: { min: 10, max: 1000 },
};

/** The agent's rule: the size becomes part of a file name. */
const pageSizePattern = /^[1-9]\d*(B|KB|MB|GB)$/;

/**
 * Checks limits and puts them as the OCI has them. Error: `invalid_options` for a value out of range.
 * @param limits as the caller gave them
 */
export function resourcesOf(limits: ContainerLimits): OciResources {
  check(limits);
  const { pidsLimit, blockIoWeight, hugepageBytes } = limits;
  const { memoryBytes: limit, memorySwapBytes: swap, memorySwappiness: swappiness } = limits;
  const memory: OciMemory = given({ limit, swap, swappiness });
  const { cpuShares: shares, cpuQuotaUs: quota, cpuPeriodUs: period, cpuset: cpus } = limits;
  const cpu: OciCpu = given({ shares, quota, period, cpus });
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
    ...(blockIoWeight === undefined ? {} : { blockIO: { weight: blockIoWeight } }),
    ...(hugepageBytes === undefined
      ? {}
      : {
          hugepageLimits: Object.entries(hugepageBytes).map(([pageSize, limit]) => ({ pageSize, limit })),
        }),
  };
}

/**
 * As {@link resourcesOf}, for a change of limits: none at all is refused too.
 * @param limits as the caller gave them
 */
export function changedResources(limits: ContainerLimits): OciResources {
  const resources = resourcesOf(limits);
  if (Object.keys(resources).length > 0) return resources;
  throw new SandboxError('invalid_options', 'no limit is given', { remedy: 'give at least one' });
}

function check(limits: ContainerLimits): void {
  const values = new Map<string, unknown>(Object.entries(limits));
  for (const [name, { min, max }] of Object.entries(ranges)) {
    const value = values.get(name);
    if (value === undefined || isWholeNumber(value, min, max)) continue;
    throw impossible(name, value, `give a whole number from ${min} to ${max}`);
  }
  const { cpuset, memoryBytes = 0, memorySwapBytes = memoryBytes, hugepageBytes = {} } = limits;
  if (cpuset !== undefined && countCpus(cpuset) === 0)
    throw impossible('cpuset', cpuset, 'give numbers and ranges of CPUs, such as 0-1,3');
  if (memorySwapBytes < memoryBytes)
    throw impossible('memorySwapBytes', memorySwapBytes, 'it includes memoryBytes: give at least as much');
  for (const [pageSize, bytes] of Object.entries(hugepageBytes)) {
    if (pageSizePattern.test(pageSize) && isWholeNumber(bytes, 0)) continue;
    throw impossible('hugepageBytes', `${bytes} in pages of ${pageSize}`, 'name sizes such as 2MB');
  }
}

function impossible(name: string, value: unknown, remedy: string): SandboxError {
  return new SandboxError('invalid_options', `${name} of ${String(value)} is not possible`, { remedy });
}

/** The properties that have a value. */
function given<Part extends object>(part: { readonly [Name in keyof Part]: Part[Name] | undefined }): Part {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- what is left has values of these types
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Part;
}
