// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { watchOom } from './oom-watch.ts';

function setUp(withEvents = true) {
  const reports: string[] = [];
  const errors: unknown[] = [];
  const callbacks = new Set<() => void>();
  const cgroup = {
    kills: 0n as bigint | undefined,
    failure: undefined as Error | undefined,
    oomKills: () =>
      cgroup.failure === undefined ? Promise.resolve(cgroup.kills) : Promise.reject(cgroup.failure),
    onMemoryEvent(callback: () => void) {
      if (!withEvents) return undefined;
      callbacks.add(callback);
      return { [Symbol.dispose]: () => void callbacks.delete(callback) };
    },
  };
  const watch = watchOom(
    cgroup,
    () => void reports.push('out of memory'),
    (error) => void errors.push(error),
  );
  return { cgroup, watch, reports, errors, callbacks };
}

test('the first kill is reported, and the watch is over', async () => {
  const { cgroup, watch, reports, callbacks } = setUp();
  await watch.check();
  expect(reports).toEqual([]);
  cgroup.kills = 1n;
  for (const callback of callbacks) callback();
  await watch.check();
  await watch.check();
  expect(reports).toEqual(['out of memory']);
  expect(callbacks.size).toBe(0);
});

test('nothing is reported after its end', async () => {
  const { cgroup, watch, reports, callbacks } = setUp();
  watch[Symbol.dispose]();
  cgroup.kills = 1n;
  await watch.check();
  expect([reports, callbacks.size]).toEqual([[], 0]);
});

test('a cgroup that is not counted reports nothing, and one without events is deaf', async () => {
  const { cgroup, watch, reports } = setUp(false);
  cgroup.kills = undefined;
  await watch.check();
  expect([watch.isDeaf, reports]).toEqual([true, []]);
  expect(setUp().watch.isDeaf).toBe(false);
});

test('a count that cannot be read is told, and the watch goes on', async () => {
  const { cgroup, watch, reports, errors } = setUp();
  cgroup.failure = new Error('broken');
  await watch.check();
  cgroup.failure = undefined;
  cgroup.kills = 2n;
  await watch.check();
  expect([errors, reports]).toEqual([[new Error('broken')], ['out of memory']]);
});
