// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { divideMemory, divideVcpus } from './divide.ts';

test.for([
  { vcpus: 4, hostCpus: [8, 8], parts: [2, 2] },
  { vcpus: 3, hostCpus: [8, 8], parts: [2, 1] },
  { vcpus: 8, hostCpus: [6, 2], parts: [6, 2] },
  { vcpus: 7, hostCpus: [6, 2], parts: [6, 1] },
  { vcpus: 2, hostCpus: [31, 1], parts: [1, 1] },
  { vcpus: 4, hostCpus: [62, 1, 1], parts: [2, 1, 1] },
  { vcpus: 10, hostCpus: [4, 4, 4], parts: [4, 3, 3] },
  { vcpus: 5, hostCpus: [2, 2, 2], parts: [2, 2, 1] },
  { vcpus: 3, hostCpus: [5], parts: [3] },
])('$vcpus CPUs by nodes of $hostCpus are $parts', ({ vcpus, hostCpus, parts }) => {
  expect(divideVcpus(vcpus, hostCpus)).toEqual(parts);
});

test.for<{ memoryMib: number; vcpus: number[]; pieceMib: number; parts: number[] | undefined }>([
  { memoryMib: 512, vcpus: [2, 2], pieceMib: 1, parts: [256, 256] },
  { memoryMib: 512, vcpus: [3, 1], pieceMib: 1, parts: [384, 128] },
  { memoryMib: 1000, vcpus: [1, 1, 1], pieceMib: 1, parts: [333, 333, 334] },
  { memoryMib: 1000, vcpus: [1, 1, 1], pieceMib: 2, parts: [332, 332, 336] },
  { memoryMib: 513, vcpus: [1, 1], pieceMib: 2, parts: undefined },
  { memoryMib: 2048, vcpus: [3, 1], pieceMib: 1024, parts: [1024, 1024] },
  { memoryMib: 1024, vcpus: [1, 1], pieceMib: 1024, parts: undefined },
])(
  '$memoryMib MiB by nodes of $vcpus CPUs in pieces of $pieceMib MiB are $parts',
  ({ memoryMib, vcpus, pieceMib, parts }) => {
    expect(divideMemory(memoryMib, vcpus, pieceMib)).toEqual(parts);
  },
);
