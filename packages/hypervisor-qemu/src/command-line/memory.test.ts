// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { expect, test } from 'vitest';
import { closedMemoryReason, memoryArguments } from './memory.ts';

const size = { memoryMib: 256, sharedMemory: false };

test.for<{ more: Partial<VmConfig>; words: string }>([
  { more: {}, words: '256M' },
  { more: { memorySlots: 3 }, words: '256M' },
  { more: { maximumMemoryMib: 512 }, words: '256M,slots=10,maxmem=512M' },
  { more: { maximumMemoryMib: 512, memorySlots: 3 }, words: '256M,slots=3,maxmem=512M' },
])('places for memory with $more are $words', ({ more, words }) => {
  expect(memoryArguments({ ...size, ...more } as VmConfig)).toEqual(['-m', words]);
});

test.for<{ more: Partial<VmConfig>; reason: string | undefined }>([
  { more: { sharedMemory: true }, reason: undefined },
  { more: { sharedMemory: true, tuning: { preallocateMemory: true } }, reason: undefined },
  { more: {}, reason: 'is not shared' },
  {
    more: {
      sharedMemory: true,
      numaNodes: [{ vcpus: 1, memoryMib: 256, hostNodes: [0], distances: [10] }],
    },
    reason: 'belongs to nodes of the host',
  },
  { more: { sharedMemory: true, tuning: { hugePages: true } }, reason: 'is made of huge pages' },
  {
    more: { sharedMemory: true, tuning: { memoryDirectory: '/dev/shm' } },
    reason: 'is a file in a directory',
  },
])('memory with $more is open to snapshots unless it $reason', ({ more, reason }) => {
  const said = closedMemoryReason({ ...size, ...more } as VmConfig);
  if (reason === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(reason);
});
