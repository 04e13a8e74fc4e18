// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { expect, test } from 'vitest';
import { memoryArguments } from './memory.ts';

const size = { memoryMib: 256, sharedMemory: false };

test.for<{ more: Partial<VmConfig>; words: string }>([
  { more: {}, words: '256M' },
  { more: { memorySlots: 3 }, words: '256M' },
  { more: { maximumMemoryMib: 512 }, words: '256M,slots=10,maxmem=512M' },
  { more: { maximumMemoryMib: 512, memorySlots: 3 }, words: '256M,slots=3,maxmem=512M' },
])('places for memory with $more are $words', ({ more, words }) => {
  expect(memoryArguments({ ...size, ...more } as VmConfig)).toEqual(['-m', words]);
});
