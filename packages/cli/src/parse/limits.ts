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

/** The options of `hako update` as commander gives them. */
export interface LimitWords {
  readonly memory?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly pids?: string;
}

/**
 * Understands the words of `hako update`. Error: {@link UsageError}.
 * @param words the options
 */
export function parseLimits(words: LimitWords): ContainerLimits {
  const { memory, cpus, cpuShares, pids } = words;
  const limits: ContainerLimits = {
    ...(memory === undefined ? {} : { memoryBytes: parseBytes(memory) }),
    ...(cpus === undefined ? {} : { cpuQuotaUs: quotaUs(cpus), cpuPeriodUs: periodUs }),
    ...(cpuShares === undefined ? {} : { cpuShares: count('CPU shares', cpuShares, 2, 262_144) }),
    ...(pids === undefined ? {} : { pidsLimit: count('processes', pids, 1, maxPids) }),
  };
  if (Object.keys(limits).length === 0)
    throw new UsageError('no limit is given', 'use --memory, --cpus, --cpu-shares or --pids');
  return limits;
}

function quotaUs(text: string): number {
  const cpus = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (cpus >= minCpus && cpus <= maxCpus) return Math.round(cpus * periodUs);
  throw new UsageError(
    `${JSON.stringify(text)} CPUs are not possible`,
    `give a number from ${minCpus} to ${maxCpus}, such as 0.5`,
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
