// SPDX-License-Identifier: Apache-2.0

/** More than any list names in earnest; a longer range is malformed. */
const longestRange = 4096;

/**
 * Reads a list of CPUs or memory nodes such as `0-3,7` (cpuset(7), "List format"): its numbers, ascending.
 * @param list the list; empty: of nothing
 * @returns undefined if it is malformed
 */
export function parseNumberList(list: string): readonly number[] | undefined {
  const numbers = new Set<number>();
  if (list.trim() === '') return [];
  for (const part of list.trim().split(',')) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim()) ?? [];
    if (first === undefined || last === undefined) return undefined;
    const [from, to] = [Number(first), Number(last)];
    if (to < from || to - from >= longestRange) return undefined;
    for (let number = from; number <= to; number += 1) numbers.add(number);
  }
  return [...numbers].sort((one, other) => one - other);
}

/**
 * Writes such a list, each number by itself.
 * @param numbers in any order
 */
export function formatNumberList(numbers: readonly number[]): string {
  return numbers.join(',');
}
