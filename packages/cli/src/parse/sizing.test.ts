// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { runRequest } from '../run-request.ts';
import { parseOwnLimits, parseSizing, type RunSizing, type SizingWords } from './sizing.ts';

test.for<{ words: SizingWords; sizing: RunSizing }>([
  { words: {}, sizing: {} },
  { words: { cpus: '2', memory: '1g' }, sizing: { vcpus: 2, memoryMib: 1024 } },
  { words: { maxCpus: '4', maxMemory: '2g' }, sizing: { maximumVcpus: 4, maximumMemoryMib: 2048 } },
  { words: { guestSwap: true }, sizing: { guestSwap: true } },
  { words: { cgroupParent: '/pods' }, sizing: { hostCgroup: { parent: '/pods', limits: {} } } },
  {
    words: { hostCpus: '1.5', hostMemory: '1g' },
    sizing: { hostCgroup: { limits: { cpuQuotaUs: 150_000, cpuPeriodUs: 100_000, memoryBytes: 2 ** 30 } } },
  },
])('$words are the sizes $sizing', ({ words, sizing }) => {
  expect(parseSizing(words)).toEqual(sizing);
});

test.for<{ words: SizingWords; says: RegExp }>([
  { words: { cpus: '0.5' }, says: /"0.5" CPUs are not possible/ },
  { words: { maxCpus: '0' }, says: /"0" CPUs are not possible/ },
  { words: { maxMemory: '1m' }, says: /memory "1m" is below 128 MiB/ },
  { words: { cgroupParent: 'pods' }, says: /control group "pods" is not absolute/ },
  { words: { hostCpus: 'many' }, says: /"many" CPUs are not possible/ },
  { words: { hostMemory: 'much' }, says: /memory "much" is not a size/ },
])('$words are refused: $says', ({ words, says }) => {
  expect(() => parseSizing(words)).toThrow(says);
});

test('without a sandbox, CPUs and memory are the machine’s; in one, they are the container’s', () => {
  const words = {
    ...{ cpus: '1', memory: '256m', cpuShares: '512', cpusetCpus: '0-1', pids: '9' },
    memorySwappiness: '60',
  };
  const inside = { cpuShares: 512, cpuset: '0-1', pidsLimit: 9, memorySwappiness: 60 };
  expect(parseOwnLimits(words)).toEqual(inside);
  expect(runRequest('busybox', [], words, {})).toMatchObject({
    sizing: { vcpus: 1, memoryMib: 256 },
    limits: inside,
  });
  const joined = { ...words, sandbox: 'box', cpus: '0.5', memorySwap: '512m' };
  expect(runRequest('busybox', [], joined, {})).toMatchObject({
    sizing: {},
    limits: {
      ...{ ...inside, memoryBytes: 2 ** 28, memorySwapBytes: 2 ** 29 },
      ...{ cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 },
    },
  });
});

test.for<{ words: SizingWords; says: RegExp }>([
  { words: { memorySwap: '1g' }, says: /--memory-swap needs --sandbox/ },
  { words: { memorySwappiness: '101' }, says: /"101" hundredths of swappiness are not possible/ },
])('limits $words are refused: $says', ({ words, says }) => {
  expect(() => parseOwnLimits(words)).toThrow(says);
});

test.for(['0-', '1,,2', 'a', ''])('%j is no list of CPUs', (cpusetCpus) => {
  expect(() => parseOwnLimits({ cpusetCpus })).toThrow(/is no list of CPUs/);
});
