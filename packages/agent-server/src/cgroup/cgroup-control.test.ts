// SPDX-License-Identifier: Apache-2.0
import { watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useCgroupDirectory } from '../testing/cgroup-directory.ts';
import { freezeFully } from './freezer.ts';
import { createCgroupsV1 } from './v1-cgroup.ts';
import { createCgroupsV2 } from './v2-cgroup.ts';

const directory = useCgroupDirectory();

const kill = () => undefined;

const versions = [
  {
    title: 'version 2',
    group: () => createCgroupsV2({ root: directory.root, kill }).open('/pod/c1'),
    cpus: 'pod/c1/cpuset.cpus',
    mems: 'pod/c1/cpuset.mems',
    parentCpus: 'pod/cpuset.cpus',
    pages: 'pod/c1/hugetlb.2MB.max',
    oom: 'pod/c1/memory.events',
    freezer: { 'pod/c1/cgroup.freeze': '0', 'pod/c1/cgroup.events': 'populated 1\nfrozen 1\n' },
    freezerFile: 'pod/c1/cgroup.freeze',
    frozen: '1',
    thawed: '0',
  },
  {
    title: 'version 1',
    group: () => createCgroupsV1({ root: directory.root, kill }).open('/pod/c1'),
    cpus: 'cpuset/pod/c1/cpuset.cpus',
    mems: 'cpuset/pod/c1/cpuset.mems',
    parentCpus: 'cpuset/pod/cpuset.cpus',
    pages: 'hugetlb/pod/c1/hugetlb.2MB.limit_in_bytes',
    oom: 'memory/pod/c1/memory.oom_control',
    freezer: { 'freezer/pod/c1/freezer.state': 'THAWED' },
    freezerFile: 'freezer/pod/c1/freezer.state',
    frozen: 'FROZEN',
    thawed: 'THAWED',
  },
];

describe.each(versions)('control of cgroups, $title', ({ group, ...files }) => {
  test('CPUs, memory nodes and huge pages are limited', async () => {
    await directory.write({ [files.cpus]: '', [files.mems]: '', [files.pages]: '' });
    const hugepages = [{ pageSize: '2MB', limit: 2n ** 63n }];
    expect(await group().limit({ cpus: '0-1', mems: '0', hugepages })).toEqual([]);
    expect([
      await directory.read(files.cpus),
      await directory.read(files.mems),
      await directory.read(files.pages),
    ]).toEqual(['0-1', '0', '9223372036854775808']);
  });

  test('limits that cannot be set are told, and the others set', async () => {
    await mkdir(join(directory.root, files.cpus), { recursive: true });
    await directory.write({ [files.mems]: '' });
    const hugepages = [{ pageSize: '2MB', limit: 1 }];
    const problems = await group().limit({ cpus: '0', mems: '0', hugepages });
    expect(problems).toEqual([
      { file: 'cpuset.cpus', error: expect.objectContaining({ code: 'EISDIR' }) as unknown },
      { file: expect.stringContaining('hugetlb.2MB') as unknown, error: undefined },
    ]);
    expect(await directory.read(files.mems)).toBe('0');
  });

  test('groups above with CPUs of their own get more', async () => {
    await directory.write({ [files.parentCpus]: '0\n', [files.cpus]: '0\n' });
    expect(await group().widenParents('0-3')).toEqual([]);
    expect(await directory.read(files.parentCpus)).toBe('0-3');
    expect(await directory.read(files.cpus)).toBe('0\n');
  });

  test('groups above without CPUs of their own are left alone', async () => {
    await directory.write({ [files.parentCpus]: '\n' });
    expect(await group().widenParents('0-3')).toEqual([]);
    expect(await directory.read(files.parentCpus)).toBe('\n');
  });

  test('everything is frozen and thawed', async () => {
    await directory.write(files.freezer);
    await group().freeze();
    expect(await directory.read(files.freezerFile)).toBe(files.frozen);
    await group().thaw();
    expect(await directory.read(files.freezerFile)).toBe(files.thawed);
  });

  test('a group without a freezer cannot be frozen', async () => {
    await expect(group().freeze()).rejects.toMatchObject({ code: 'system_failed' });
    await group().thaw();
  });

  test('processes killed for want of memory are counted', async () => {
    expect(await group().oomKills()).toBeUndefined();
    await directory.write({ [files.oom]: 'under_oom 0\noom 7\noom_kill 3\noom_group_kill 9\n' });
    expect(await group().oomKills()).toBe(3n);
    await directory.write({ [files.oom]: 'nothing\n' });
    expect(await group().oomKills()).toBeUndefined();
  });
});

test('a change of memory.events calls back until the watch ends', async () => {
  const file = 'c1/memory.events';
  await directory.write({ [file]: 'oom_kill 0\n' });
  const cgroup = createCgroupsV2({ root: directory.root, kill }).open('/c1');
  const called = Promise.withResolvers<undefined>();
  let calls = 0;
  const events = cgroup.onMemoryEvent(() => {
    calls += 1;
    called.resolve(undefined);
  });
  await directory.write({ [file]: 'oom_kill 1\n' });
  await called.promise;
  events?.[Symbol.dispose]();
  const callsBefore = calls;
  // A second watch of the same file tells when the kernel has delivered the change.
  const seen = Promise.withResolvers<undefined>();
  const other = watch(join(directory.root, file), () => seen.resolve(undefined));
  await directory.write({ [file]: 'oom_kill 2\n' });
  await seen.promise;
  other.close();
  expect(calls).toBe(callsBefore);
});

test('there is nothing to watch without a memory controller, nor in version 1', () => {
  expect(createCgroupsV2({ root: directory.root, kill }).open('/c1').onMemoryEvent(kill)).toBeUndefined();
  expect(createCgroupsV1({ root: directory.root, kill }).open('/c1').onMemoryEvent(kill)).toBeUndefined();
});

test('a group that does not freeze in time goes on', async () => {
  const calls: string[] = [];
  const freezer = {
    request: () => Promise.resolve(calls.push('request') > 0),
    isFrozen: () => Promise.resolve(false),
    thaw: () => Promise.resolve(calls.push('thaw')),
  };
  await expect(freezeFully(freezer, '/c1', 5)).rejects.toMatchObject({
    code: 'system_failed',
    message: 'cgroup /c1 did not freeze within 5 ms',
  });
  expect(calls).toEqual(['request', 'thaw']);
});
