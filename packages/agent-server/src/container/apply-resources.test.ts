// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createFakeRuntime } from '../testing/fake-runtime.ts';
import { mergeResources, refreshCpuset } from './apply-resources.ts';

const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function setUp() {
  const runtime = createFakeRuntime();
  const cgroup = runtime.cgroups.open('/c1');
  const notes = runtime.cgroups.at('/c1');
  return { container: { id: 'c1', runtime, cgroup, cgroupVersion: 2, logger } as const, notes };
}

test('a container with a list of CPUs gets it again, in groups that may use all that are online', async () => {
  const { container, notes } = setUp();
  await refreshCpuset(container, { cpu: { cpus: '1-2' } }, '0-3');
  expect(notes.parentCpus).toEqual(['0-3']);
  expect(notes.limits).toEqual([{ cpus: '1-2', hugepages: [] }]);
});

test('a container without a list of CPUs needs nothing', async () => {
  const { container, notes } = setUp();
  await refreshCpuset(container, { cpu: { shares: 5 } }, '0-3');
  await refreshCpuset(container, {}, '0-3');
  expect([notes.parentCpus, notes.limits]).toEqual([[], []]);
});

test('what a change does not name stays', () => {
  const current = { memory: { limit: 1, swap: 2 }, cpu: { cpus: '0' }, pids: { limit: 3 } };
  const changes = {
    memory: { limit: 5, swap: undefined },
    cpu: { shares: 6, cpus: undefined },
    pids: undefined,
  };
  expect(mergeResources(current, changes)).toEqual({
    memory: { limit: 5, swap: 2 },
    cpu: { cpus: '0', shares: 6 },
    pids: { limit: 3 },
  });
});
