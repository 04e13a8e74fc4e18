// SPDX-License-Identifier: Apache-2.0
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useCgroupDirectory } from '../testing/cgroup-directory.ts';
import { systemError } from '../testing/memory-pipe.ts';
import { unlimited } from './cgroup-file.ts';
import { hugePageSizeName } from './huge-page-sizes.ts';
import { createCgroupsV1 } from './v1-cgroup.ts';
import { createCgroupsV2 } from './v2-cgroup.ts';
import { readHugetlbStatsV1 } from './v1/hugetlb.ts';
import { readHugetlbStatsV2 } from './v2/hugetlb.ts';

const directory = useCgroupDirectory();

const entry = (op: string, value: bigint) => ({ major: 254n, minor: 16n, op, value });

describe('cgroup v2', () => {
  const cgroup = () => createCgroupsV2({ root: directory.root, kill: () => undefined }).open('/c1');

  test('counts are read and converted', async () => {
    await directory.write({
      'c1/cpu.stat':
        'usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 4\nnr_throttled 2\nthrottled_usec 7\n',
      'c1/memory.current': '4096\n',
      'c1/memory.peak': '8192\n',
      'c1/memory.max': 'max\n',
      'c1/memory.swap.current': '0\n',
      'c1/memory.swap.max': '1024\n',
      'c1/memory.stat': 'anon 100\nfile 18446744073709551615\n',
      'c1/memory.events': 'low 0\nmax 3\n',
      'c1/pids.current': '5\n',
      'c1/pids.max': '77\n',
      'c1/io.stat': '254:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:0 \nnonsense\n',
    });
    expect(await cgroup().stats()).toMatchObject({
      cpuStats: {
        cpuUsage: {
          totalUsage: 30_000n,
          percpuUsage: [],
          usageInKernelmode: 10_000n,
          usageInUsermode: 20_000n,
        },
        throttlingData: { periods: 4n, throttledPeriods: 2n, throttledTime: 7_000n },
      },
      memoryStats: {
        cache: 0n,
        usage: { usage: 4096n, maxUsage: 8192n, failcnt: 3n, limit: unlimited },
        swapUsage: { usage: 0n, limit: 1024n },
        stats: { anon: 100n, file: 2n ** 64n - 1n },
      },
      pidsStats: { current: 5n, limit: 77n },
      blkioStats: {
        ioServiceBytesRecursive: [
          entry('read', 1n),
          entry('write', 2n),
          entry('rios', 3n),
          entry('wios', 4n),
          entry('dbytes', 5n),
          entry('dios', 6n),
        ],
      },
    });
  });

  test('a controller that is missing leaves its part out, and no pid limit is 0', async () => {
    await directory.write({ 'c1/pids.current': '1\n', 'c1/pids.max': 'max\n' });
    expect(await cgroup().stats()).toEqual({
      cpuStats: undefined,
      memoryStats: undefined,
      pidsStats: { current: 1n, limit: 0n },
      blkioStats: undefined,
      hugetlbStats: {},
    });
  });

  test('huge pages are counted by size', async () => {
    await directory.write({ 'hugetlb.2MB.current': '6\n', 'hugetlb.2MB.events': 'max 2\n' });
    expect(await readHugetlbStatsV2(directory.root, ['2MB', '1GB'])).toEqual({
      '2MB': { usage: 6n, maxUsage: 0n, failcnt: 2n },
    });
  });

  test('everything is killed through cgroup.kill, then thawed', async () => {
    await directory.write({ 'c1/cgroup.kill': '', 'c1/cgroup.freeze': '1' });
    await cgroup().killAll();
    expect(await directory.read('c1/cgroup.kill')).toBe('1');
    expect(await directory.read('c1/cgroup.freeze')).toBe('0');
  });

  test('without cgroup.kill the group is frozen, killed one by one and thawed', async () => {
    await directory.write({
      'c1/cgroup.freeze': '0',
      'c1/cgroup.procs': '11\n12\n',
      'c1/below/cgroup.procs': '13\n',
    });
    const killed: number[] = [];
    const kill = (pid: number) => {
      killed.push(pid);
      if (pid === 12) throw systemError('ESRCH', 'gone');
    };
    await createCgroupsV2({ root: directory.root, kill }).open('/c1').killAll();
    expect(killed.toSorted()).toEqual([11, 12, 13]);
    expect(await directory.read('c1/cgroup.freeze')).toBe('0');
  });

  test('a group that is gone is neither killed, counted nor removed', async () => {
    await cgroup().killAll();
    await cgroup().remove();
    expect((await cgroup().stats()).memoryStats).toBeUndefined();
    await expect(stat(join(directory.root, 'c1'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('what is left of a group is removed, children first', async () => {
    await mkdir(join(directory.root, 'c1/a/b'), { recursive: true });
    await cgroup().remove();
    await expect(stat(join(directory.root, 'c1'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('cgroup v1', () => {
  const cgroup = () => createCgroupsV1({ root: directory.root, kill: () => undefined }).open('/c1');

  test('counts are read and converted', async () => {
    await directory.write({
      'cpuacct/c1/cpuacct.usage': '123\n',
      'cpuacct/c1/cpuacct.usage_percpu': '100 23 \n',
      'cpuacct/c1/cpuacct.stat': 'user 2\nsystem 1\n',
      'cpu/c1/cpu.stat': 'nr_periods 4\nnr_throttled 2\nthrottled_time 7\n',
      'memory/c1/memory.usage_in_bytes': '4096\n',
      'memory/c1/memory.max_usage_in_bytes': '8192\n',
      'memory/c1/memory.failcnt': '3\n',
      'memory/c1/memory.limit_in_bytes': '9223372036854771712\n',
      'memory/c1/memory.use_hierarchy': '1\n',
      'memory/c1/memory.stat': 'cache 50\nrss 60\n',
      'pids/c1/pids.current': '5\n',
      'pids/c1/pids.max': 'max\n',
      'blkio/c1/blkio.throttle.io_service_bytes': '254:16 Read 1\n254:16 Async 2\nTotal 3\n',
      'blkio/c1/blkio.throttle.io_serviced': '254:16 Write 4\n',
    });
    expect(await cgroup().stats()).toMatchObject({
      cpuStats: {
        cpuUsage: {
          totalUsage: 123n,
          percpuUsage: [100n, 23n],
          usageInKernelmode: 10_000_000n,
          usageInUsermode: 20_000_000n,
        },
        throttlingData: { periods: 4n, throttledPeriods: 2n, throttledTime: 7n },
      },
      memoryStats: {
        cache: 50n,
        usage: { usage: 4096n, maxUsage: 8192n, failcnt: 3n, limit: 9223372036854771712n },
        swapUsage: undefined,
        useHierarchy: true,
        stats: { cache: 50n, rss: 60n },
      },
      pidsStats: { current: 5n, limit: 0n },
      blkioStats: {
        ioServiceBytesRecursive: [entry('read', 1n), entry('async', 2n)],
        ioServicedRecursive: [entry('write', 4n)],
      },
    });
  });

  test('huge pages are counted by size', async () => {
    await directory.write({
      'hugetlb.2MB.usage_in_bytes': '6\n',
      'hugetlb.2MB.max_usage_in_bytes': '8\n',
      'hugetlb.2MB.failcnt': '2\n',
    });
    expect(await readHugetlbStatsV1(directory.root, ['2MB', '1GB'])).toEqual({
      '2MB': { usage: 6n, maxUsage: 8n, failcnt: 2n },
    });
  });

  test('the group is frozen, killed and thawed', async () => {
    await directory.write({ 'freezer/c1/freezer.state': 'THAWED', 'freezer/c1/cgroup.procs': '21\n' });
    const killed: string[] = [];
    const kill = (pid: number, signal: number) => void killed.push(`${pid} ${signal}`);
    await createCgroupsV1({ root: directory.root, kill }).open('/c1').killAll();
    expect(killed).toEqual(['21 9']);
    expect(await directory.read('freezer/c1/freezer.state')).toBe('THAWED');
  });

  test('what is left of it is removed from every controller', async () => {
    await mkdir(join(directory.root, 'cpu/c1'), { recursive: true });
    await mkdir(join(directory.root, 'memory/c1/x'), { recursive: true });
    await cgroup().remove();
    for (const name of ['cpu/c1', 'memory/c1']) {
      await expect(stat(join(directory.root, name))).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });
});

test.each([
  [64, '64KB'],
  [2048, '2MB'],
  [1048576, '1GB'],
])('huge pages of %d KiB are called %s', (sizeKib, name) => {
  expect(hugePageSizeName(sizeKib)).toBe(name);
});
