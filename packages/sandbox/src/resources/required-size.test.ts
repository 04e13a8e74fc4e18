// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';
import { describe, expect, test } from 'vitest';

import type { MachineBounds } from './machine-size.ts';
import { requiredSize } from './required-size.ts';
import { countCpus, demandOf } from './resource-demand.ts';

const mib = 1024 * 1024;
const bounds: MachineBounds = {
  base: { vcpus: 1, memoryMib: 256 },
  boot: { vcpus: 1, memoryMib: 256 },
  maximum: { vcpus: 4, memoryMib: 1024 },
};

const half: OciResources = { cpu: { quota: 50_000, period: 100_000 } };

describe('the size a machine needs', () => {
  test.for<{ title: string; containers: readonly OciResources[]; vcpus: number; memoryMib: number }>([
    { title: 'nothing', containers: [], vcpus: 1, memoryMib: 256 },
    {
      title: 'containers without limits',
      containers: [{}, { pids: { limit: 5 } }],
      vcpus: 1,
      memoryMib: 256,
    },
    { title: 'a quota', containers: [half], vcpus: 2, memoryMib: 256 },
    { title: 'quotas, rounded up after their sum', containers: [half, half], vcpus: 2, memoryMib: 256 },
    { title: 'a little more', containers: [half, half, half], vcpus: 3, memoryMib: 256 },
    { title: 'a quota without a period', containers: [{ cpu: { quota: 50_000 } }], vcpus: 1, memoryMib: 256 },
    {
      title: 'a quota that is none',
      containers: [{ cpu: { quota: -1, period: 100_000 } }],
      vcpus: 1,
      memoryMib: 256,
    },
    {
      title: 'CPU lists',
      containers: [{ cpu: { cpus: '0-1' } }, { cpu: { cpus: '4' } }],
      vcpus: 4,
      memoryMib: 256,
    },
    {
      title: 'CPU lists beside a quota',
      containers: [{ cpu: { cpus: '0-7' } }, half],
      vcpus: 2,
      memoryMib: 256,
    },
    { title: 'shares', containers: [{ cpu: { shares: 4096 } }], vcpus: 1, memoryMib: 256 },
    {
      title: "no more than the largest, whose base CPU is nobody's",
      containers: [{ cpu: { quota: 400_000, period: 100_000 } }],
      vcpus: 4,
      memoryMib: 256,
    },
    {
      title: 'memory',
      containers: [{ memory: { limit: 100 * mib } }, { memory: { limit: 1 } }],
      vcpus: 1,
      memoryMib: 357,
    },
    {
      title: 'a limit of memory that is none',
      containers: [{ memory: { limit: -1n } }],
      vcpus: 1,
      memoryMib: 256,
    },
    {
      title: 'huge pages beside memory',
      containers: [{ memory: { limit: 10 * mib }, hugepageLimits: [{ pageSize: '2MB', limit: 4 * mib }] }],
      vcpus: 1,
      memoryMib: 270,
    },
    {
      title: 'huge pages alone',
      containers: [{ hugepageLimits: [{ pageSize: '2MB', limit: 4 * mib }] }],
      vcpus: 1,
      memoryMib: 256,
    },
  ])('for $title is $vcpus CPUs and $memoryMib MiB', ({ containers, vcpus, memoryMib }) => {
    expect(requiredSize(bounds, containers.map(demandOf))).toEqual({ vcpus, memoryMib });
  });

  test('is never less than what it boots with', () => {
    const boot = { vcpus: 2, memoryMib: 512 };
    expect(requiredSize({ ...bounds, boot }, [demandOf(half)])).toEqual(boot);
  });

  test('is what it boots with if it cannot grow, whatever is wanted', () => {
    const fixed = { ...bounds, maximum: bounds.boot };
    expect(requiredSize(fixed, [demandOf({ memory: { limit: 769 * mib } })])).toEqual(bounds.boot);
  });

  test.for<{ wants: OciResources; says: string; remedy: string }>([
    {
      wants: { cpu: { quota: 401_000, period: 100_000 } },
      says: 'the containers want 4.01 CPUs and the machine cannot have more than 4',
      remedy: '--max-cpus',
    },
    {
      wants: { memory: { limit: 769 * mib } },
      says: 'the machine needs 1025 MiB for its containers and cannot have more than 1024 MiB',
      remedy: '--max-memory',
    },
  ])('is refused: $says', ({ wants, says, remedy }) => {
    expect(() => requiredSize(bounds, [demandOf(wants)])).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: says,
        remedy: expect.stringContaining(remedy) as unknown,
      }),
    );
  });
});

test.for([
  { list: '', count: 0 },
  { list: '0', count: 1 },
  { list: '0-3,7\n', count: 5 },
  { list: '0-3,2-4', count: 5 },
  { list: '3-1', count: 0 },
  { list: '0-999999999', count: 0 },
  { list: 'a', count: 0 },
  { list: '0,', count: 0 },
])('the CPU list $list names $count CPUs', ({ list, count }) => {
  expect(countCpus(list)).toBe(count);
});
