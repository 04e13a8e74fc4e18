// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

import { bytesPerMib, type MachineSize } from '../machine-size.ts';
import { numberOf } from '../resource-demand.ts';

/**
 * The swap space that containers need of their machine: the sum of what each may swap, if it may at all (swappiness above 0).
 * That is its limit of memory and swap without the memory; without that limit, as much as its memory; without either, the
 * whole machine's memory, once for all such containers.
 * @param boot what the machine boots with
 * @param containers their limits
 * @returns bytes
 */
export function requiredSwapBytes(
  { memoryMib }: Pick<MachineSize, 'memoryMib'>,
  containers: readonly Pick<OciResources, 'memory'>[],
): number {
  const swapping = containers.flatMap(({ memory }) =>
    numberOf(memory?.swappiness) > 0
      ? [{ limit: numberOf(memory?.limit), swap: numberOf(memory?.swap) }]
      : [],
  );
  const bounded = swapping.reduce(
    (sum, { limit, swap }) => sum + (swap === 0 ? limit : Math.max(0, swap - limit)),
    0,
  );
  const isUnbounded = swapping.some(({ limit, swap }) => limit === 0 && swap === 0);
  return bounded + (isUnbounded ? memoryMib * bytesPerMib : 0);
}
