// SPDX-License-Identifier: Apache-2.0
import type { ContainerLimits } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { parseBytes } from './memory-size.ts';

/** The kernel's usual period, see scheduler/sched-bwc.rst. */
const periodUs = 100_000;

/** The least quota the kernel takes is a millisecond: a hundredth of a CPU. */
const minCpus = 0.01;
const maxCpus = 240;
const maxPids = 4_194_304;
const maxSwappiness = 100;

/** The options that limit a container, as commander gives them. */
export interface LimitWords {
  readonly memory?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpusetCpus?: string;
  readonly pids?: string;
  readonly memorySwap?: string;
  readonly memorySwappiness?: string;
}

/**
 * Understands the words of `hako update`. Error: {@link UsageError}, also when there are none.
 * @param words the options
 */
export function parseLimits(words: LimitWords): ContainerLimits {
  const limits = parseContainerLimits(words);
  if (Object.keys(limits).length === 0)
    throw new UsageError(
      'no limit is given',
      'use --memory, --memory-swap, --memory-swappiness, --cpus, --cpu-shares, --cpuset-cpus or --pids',
    );
  return limits;
}

/**
 * Understands limits of a container; there may be none. Error: {@link UsageError}.
 * @param words the options
 */
export function parseContainerLimits(words: LimitWords): ContainerLimits {
  const { memory, memorySwap, memorySwappiness, cpus, cpuShares, cpusetCpus, pids } = words;
  return {
    ...(memory === undefined ? {} : { memoryBytes: parseBytes(memory) }),
    ...(memorySwap === undefined ? {} : { memorySwapBytes: parseBytes(memorySwap, 'memory and swap') }),
    ...(memorySwappiness === undefined
      ? {}
      : { memorySwappiness: count('hundredths of swappiness', memorySwappiness, 0, maxSwappiness) }),
    ...(cpus === undefined ? {} : parseCpuTime(cpus)),
    ...(cpuShares === undefined ? {} : { cpuShares: count('CPU shares', cpuShares, 2, 262_144) }),
    ...(cpusetCpus === undefined ? {} : { cpuset: cpuList(cpusetCpus) }),
    ...(pids === undefined ? {} : { pidsLimit: count('processes', pids, 1, maxPids) }),
  };
}

/**
 * Reads CPU time, in CPUs. Error: {@link UsageError}.
 * @param text a number such as 0.5
 */
export function parseCpuTime(text: string): Required<Pick<ContainerLimits, 'cpuQuotaUs' | 'cpuPeriodUs'>> {
  const cpus = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (cpus >= minCpus && cpus <= maxCpus)
    return { cpuQuotaUs: Math.round(cpus * periodUs), cpuPeriodUs: periodUs };
  throw new UsageError(
    `${JSON.stringify(text)} CPUs are not possible`,
    `give a number from ${minCpus} to ${maxCpus}, such as 0.5`,
  );
}

function cpuList(text: string): string {
  if (/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(text)) return text;
  throw new UsageError(
    `${JSON.stringify(text)} is no list of CPUs`,
    'write numbers and ranges, such as 0-1,3',
  );
}

function count(what: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `${JSON.stringify(text)} ${what} are not possible`,
    `give a whole number from ${min} to ${max}`,
  );
}
