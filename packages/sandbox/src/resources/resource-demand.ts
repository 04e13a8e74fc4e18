// SPDX-License-Identifier: Apache-2.0
import type { OciInteger, OciResources } from '@hako/protocols';

import { parseNumberList } from './number-list.ts';

/** What one container wants of the machine; 0 where it sets no limit. */
export interface ResourceDemand {
  /** Thousandths of a CPU, from its quota and period. */
  readonly milliCpus: number;
  /** CPUs that its list names. Counts only when no container has a quota. */
  readonly listedCpus: number;
  /** Memory in bytes, with its huge pages. */
  readonly memoryBytes: number;
}

/**
 * Reads off the limits of a container what it wants. As upstream has it: a quota without a period, or below 0, wants nothing,
 * and huge pages count only beside a limit of memory.
 * @param resources its limits
 */
export function demandOf({ cpu, memory, hugepageLimits }: OciResources): ResourceDemand {
  const [quota, period] = [numberOf(cpu?.quota), numberOf(cpu?.period)];
  const hugepages = (hugepageLimits ?? []).reduce((sum, { limit }) => sum + numberOf(limit), 0);
  return {
    milliCpus: period === 0 ? 0 : Math.floor((quota * 1000) / period),
    listedCpus: countCpus(cpu?.cpus ?? ''),
    memoryBytes: memory === undefined ? 0 : numberOf(memory.limit) + hugepages,
  };
}

/**
 * Counts the CPUs of a list such as `0-3,7` (cpuset(7), "List format"). A malformed list counts as none.
 * @param list the list
 */
export function countCpus(list: string): number {
  return parseNumberList(list)?.length ?? 0;
}

/**
 * The number that a limit means: 0 for an absent one and for a negative one, which means none.
 * @param value the limit
 */
export function numberOf(value: OciInteger | undefined): number {
  return Math.max(0, Number(value ?? 0));
}
