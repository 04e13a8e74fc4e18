// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';
import { expect, test } from 'vitest';
import { sortResources } from './sort-resources.ts';

const everything: OciResources = {
  devices: [{ allow: false, access: 'rwm' }],
  memory: { limit: 100, swap: 200, kernel: 5, kernelTCP: 6, swappiness: 60, disableOOMKiller: true },
  cpu: {
    shares: 512,
    quota: 1000,
    period: 2000,
    realtimeRuntime: 3,
    realtimePeriod: 4,
    cpus: '0-1',
    mems: '0',
  },
  pids: { limit: 7 },
  blockIO: { weight: 10, leafWeight: 20 },
  hugepageLimits: [{ pageSize: '2MB', limit: 4096 }],
  network: { classID: 9 },
};

test('what version 2 of cgroups has goes to the OCI runtime, what may fail to the agent', () => {
  expect(sortResources(everything, 2)).toEqual({
    strict: {
      devices: everything.devices,
      memory: { limit: 100, swap: 200 },
      cpu: { shares: 512, quota: 1000, period: 2000 },
      pids: { limit: 7 },
      blockIO: { weight: 10 },
    },
    lenient: { cpus: '0-1', mems: '0', hugepages: [{ pageSize: '2MB', limit: 4096 }] },
    dropped: [
      'network',
      'kernel',
      'kernelTCP',
      'swappiness',
      'disableOOMKiller',
      'realtimeRuntime',
      'realtimePeriod',
      'leafWeight',
    ],
  });
});

test('version 1 of cgroups has all of them', () => {
  const { strict, dropped } = sortResources(everything, 1);
  expect(strict).toMatchObject({
    memory: everything.memory,
    cpu: { realtimeRuntime: 3, realtimePeriod: 4 },
    blockIO: everything.blockIO,
    network: everything.network,
  });
  expect(dropped).toEqual([]);
});

test.each([
  { title: 'nothing', resources: {} },
  {
    title: 'parts without a value',
    resources: { memory: { disableOOMKiller: false }, cpu: {}, network: {} },
  },
  { title: 'CPUs only', resources: { cpu: { cpus: '0' } } },
])('the OCI runtime is not needed for $title', ({ resources }) => {
  expect(sortResources(resources, 2)).toMatchObject({ strict: {}, dropped: [] });
  expect(Object.keys(sortResources(resources, 2).strict)).toEqual([]);
});

test.each([
  { title: 'a swappiness above 100', resources: { memory: { swappiness: 101 } }, text: 'above 100' },
  {
    title: 'a page size that is a path',
    resources: { hugepageLimits: [{ pageSize: '../2MB', limit: 1 }] },
    text: '"../2MB"',
  },
  { title: 'no page size', resources: { hugepageLimits: [{ pageSize: '', limit: 1 }] }, text: 'no size' },
])('$title is refused', ({ resources, text }) => {
  expect(() => sortResources(resources, 2)).toThrow(
    expect.objectContaining({ code: 'invalid_spec', message: expect.stringContaining(text) as unknown }),
  );
});
