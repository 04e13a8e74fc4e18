// SPDX-License-Identifier: Apache-2.0
import type { OciMemory } from '@hako/protocols';
import { expect, test } from 'vitest';

import { requiredSwapBytes } from './required-swap.ts';

const mib = 2 ** 20;

test.for<{ title: string; containers: readonly (OciMemory | undefined)[]; swapMib: number }>([
  { title: 'nobody', containers: [], swapMib: 0 },
  { title: 'a container without limits', containers: [undefined, {}], swapMib: 0 },
  {
    title: 'containers that do not swap',
    containers: [
      { limit: 64 * mib, swap: 96 * mib },
      { limit: 64 * mib, swappiness: 0 },
    ],
    swapMib: 0,
  },
  { title: 'a limit of both', containers: [{ limit: 64 * mib, swap: 96 * mib, swappiness: 1 }], swapMib: 32 },
  {
    title: 'limits of both, in sum',
    containers: [
      { limit: 64n, swap: BigInt(10 * mib + 64), swappiness: 60n },
      { limit: 64 * mib, swap: 96 * mib, swappiness: 60 },
      { limit: 64 * mib, swap: 64 * mib, swappiness: 60 },
    ],
    swapMib: 42,
  },
  { title: 'a limit of memory', containers: [{ limit: 64 * mib, swappiness: 60 }], swapMib: 64 },
  {
    title: 'any swap beside memory',
    containers: [{ limit: 64 * mib, swap: -1, swappiness: 60 }],
    swapMib: 64,
  },
  { title: 'a limit of both alone', containers: [{ swap: 96 * mib, swappiness: 60 }], swapMib: 96 },
  {
    title: 'containers without limits, once',
    containers: [{ swappiness: 60 }, { limit: -1, swappiness: 60 }, { limit: 64 * mib, swappiness: 60 }],
    swapMib: 64 + 256,
  },
])('the swap space for $title is $swapMib MiB', ({ containers, swapMib }) => {
  const limits = containers.map((memory) => ({ memory }));
  expect(requiredSwapBytes({ memoryMib: 256 }, limits)).toBe(swapMib * mib);
});
