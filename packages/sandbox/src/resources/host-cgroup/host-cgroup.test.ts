// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { findHierarchies, type Hierarchies } from './cgroup-hierarchies.ts';
import { cgroupSettings } from './cgroup-settings.ts';
import { HostCgroup } from './host-cgroup.ts';
import { checkHostCgroup, type HostCgroupOptions } from './host-cgroup-options.ts';
import { leaveCgroupTrace, removeLeftCgroups, tracedCgroups } from './leftover-cgroup.ts';
import { removeCgroups } from './remove-cgroups.ts';

const mounts = {
  unified: '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n',
  hybrid: [
    '24 22 0:20 / /sys/fs/cgroup rw - tmpfs tmpfs rw',
    '25 24 0:21 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct',
    String.raw`26 24 0:22 / /sys/fs/cgroup/a\040memory rw - cgroup cgroup rw,memory`,
    '27 24 0:23 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
    '28 24 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  ].join('\n'),
};

describe('the control groups of a host', () => {
  test('are of version 2 where there is nothing else', async () => {
    expect(await findHierarchies(mounts.unified)).toMatchObject({
      version: 2,
      trees: [{ root: '/sys/fs/cgroup' }],
    });
  });

  test('are of version 1 where that has controllers, whatever else there is', async () => {
    expect(await findHierarchies(mounts.hybrid)).toEqual({
      version: 1,
      trees: [
        { root: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
        { root: '/sys/fs/cgroup/a memory', controllers: ['memory'] },
      ],
    });
  });

  test('are missed where there are none', async () => {
    await expect(findHierarchies('1 0 8:1 / / rw - ext4 /dev/sda1 rw\n')).rejects.toMatchObject({
      code: 'tool_missing',
      message: 'this machine has no control groups',
    });
  });
});

test.for<{ version: 1 | 2; files: Record<string, string> }>([
  {
    version: 1,
    files: {
      'cpu.cfs_period_us': '50000',
      'cpu.cfs_quota_us': '75000',
      'cpu.shares': '1024',
      'cpuset.cpus': '0-1',
      'memory.limit_in_bytes': '1048576',
      'pids.max': '9',
    },
  },
  {
    version: 2,
    files: {
      'cpu.max': '75000 50000',
      'cpu.weight': '39',
      'cpuset.cpus': '0-1',
      'memory.max': '1048576',
      'pids.max': '9',
    },
  },
])('limits are files of version $version', ({ version, files }) => {
  const cpu = { quota: 75_000, period: 50_000, shares: 1024, cpus: '0-1' };
  const settings = cgroupSettings({ cpu, memory: { limit: 1_048_576 }, pids: { limit: 9 } }, version);
  expect(Object.fromEntries(settings.map(({ file, value }) => [file, value]))).toEqual(files);
  expect(cgroupSettings({}, version)).toEqual([]);
});

/** Directories in place of hierarchies: they take every file. */
async function trees(version: 1 | 2) {
  const directory = await temporaryDirectory();
  const names = version === 1 ? ['cpu', 'memory', 'cpuset'] : ['unified'];
  for (const name of names) await mkdir(join(directory.path, name));
  const hierarchies: Hierarchies = {
    version,
    trees: names.map((name) => ({
      root: join(directory.path, name),
      controllers: version === 1 ? [name] : ['cpu', 'io', 'memory', 'pids'],
    })),
  };
  const list = async (): Promise<readonly string[]> =>
    (await readdir(directory.path, { recursive: true })).sort();
  const read = (path: string): Promise<string> => readFile(join(directory.path, path), 'utf8');
  return {
    path: directory.path,
    hierarchies,
    list,
    read,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

async function planned(hierarchies: Hierarchies, options: HostCgroupOptions = {}): Promise<HostCgroup> {
  return HostCgroup.plan('box', checkHostCgroup(options, 0), hierarchies);
}

describe('the control groups of a sandbox', () => {
  test('are made in every tree that is of use, with their limits [proves cgroup of the machine]', async () => {
    await using world = await trees(1);
    const group = await planned(world.hierarchies, { limits: { memoryBytes: 1 << 20, cpuQuotaUs: 5000 } });
    expect(await world.list()).toEqual(['cpu', 'cpuset', 'memory']);
    await group.make();
    expect(await world.list()).toEqual([
      'cpu',
      'cpu/hako',
      'cpu/hako/box',
      'cpu/hako/box/cpu.cfs_period_us',
      'cpu/hako/box/cpu.cfs_quota_us',
      'cpuset',
      'memory',
      'memory/hako',
      'memory/hako/box',
      'memory/hako/box/memory.limit_in_bytes',
    ]);
    expect(group.entryFiles.map((file) => file.slice(world.path.length))).toEqual([
      '/cpu/hako/box/cgroup.procs',
      '/memory/hako/box/cgroup.procs',
    ]);
    await group.take([7]);
    expect(await world.read('cpu/hako/box/cgroup.procs')).toBe('7');
    await group.takeVcpus([8]);
    expect(await world.list()).not.toContain('cpu/hako/box/tasks');
  });

  test('keep the threads of CPUs apart by request, where threads are counted', async () => {
    await using world = await trees(1);
    const group = await planned(world.hierarchies, {
      layout: 'overhead',
      limits: { cpuQuotaUs: 5000, memoryBytes: 4096 },
    });
    await group.make();
    await group.takeVcpus([8]);
    expect(await world.read('cpu/hako/box/vcpus/tasks')).toBe('8');
    expect(await world.read('cpu/hako/box/vcpus/cpu.cfs_quota_us')).toBe('5000');
    expect(await world.read('memory/hako/box/memory.limit_in_bytes')).toBe('4096');
    expect(group.directories.map((directory) => directory.slice(world.path.length))).toEqual([
      '/cpu/hako/box/vcpus',
      '/cpu/hako/box/overhead',
      '/cpu/hako/box',
      '/memory/hako/box',
    ]);
  });

  test('of version 2 are threaded, below groups that pass their controllers on', async () => {
    await using world = await trees(2);
    const group = await planned(world.hierarchies, {
      parent: '/a/b',
      layout: 'overhead',
      limits: { memoryBytes: 4096 },
    });
    await group.make();
    await group.takeVcpus([8]);
    for (const above of ['', '/a', '/a/b']) {
      // Each name is written by itself; a file that is no control file keeps the last one.
      expect(await world.read(`unified${above}/cgroup.subtree_control`)).toBe('+pids');
    }
    expect(await world.read('unified/a/b/box/memory.max')).toBe('4096');
    expect(await world.read('unified/a/b/box/cgroup.subtree_control')).toBe('+cpu');
    expect(await world.read('unified/a/b/box/vcpus/cgroup.type')).toBe('threaded');
    expect(await world.read('unified/a/b/box/vcpus/cgroup.threads')).toBe('8');
  });

  test('have another name beside those of a namesake', async () => {
    await using world = await trees(1);
    await mkdir(join(world.path, 'memory/hako/box'), { recursive: true });
    await writeFile(join(world.path, 'memory/hako/box/cgroup.procs'), '');
    const group = await planned(world.hierarchies);
    for (const directory of group.directories) expect(directory).toMatch(/\/hako\/box\.[0-9a-f]{8}$/);
  });

  test('that cannot be made are one clear error', async () => {
    await using world = await trees(1);
    await writeFile(join(world.path, 'cpu/hako'), 'a file');
    const group = await planned(world.hierarchies);
    await expect(group.make()).rejects.toMatchObject({
      code: 'permission_denied',
      message: expect.stringContaining('control group /hako/box cannot be made') as unknown,
      remedy: expect.stringContaining('--cgroup-parent') as unknown,
    });
  });

  test('without the controller for a limit are refused before anything is made', async () => {
    await using world = await trees(1);
    await expect(planned(world.hierarchies, { limits: { pidsLimit: 5 } })).rejects.toMatchObject({
      code: 'tool_missing',
      message: 'the control groups of this machine do not limit pids',
    });
    expect(await world.list()).toEqual(['cpu', 'cpuset', 'memory']);
  });

  test('go with the usual parent, once that is empty', async () => {
    await using world = await trees(2);
    const [one, two] = ['hako/one', 'hako/two'].map((name) => join(world.path, 'unified', name));
    for (const directory of [one, two]) await mkdir(directory ?? '', { recursive: true });
    await removeCgroups([one ?? '', '/nonexistent/group']);
    expect(await world.list()).toEqual(['unified', 'unified/hako', 'unified/hako/two']);
    await removeCgroups([two ?? '']);
    expect(await world.list()).toEqual(['unified']);
  });

  test('that a dead owner left are removed wherever their hierarchies are mounted', async () => {
    await using world = await trees(1);
    await using directory = await temporaryDirectory();
    const group = await planned(world.hierarchies);
    await group.make();
    await leaveCgroupTrace(directory.path, group.directories);
    const mounted = world.hierarchies.trees.map(
      ({ root, controllers }, index) =>
        `${30 + index} 25 0:${index} / ${root} rw - cgroup cgroup rw,${controllers.join()}`,
    );
    expect(await tracedCgroups(directory.path, mounted.join('\n'))).toEqual(group.directories);
    expect(await removeLeftCgroups(directory.path, mounted.join('\n'))).toBe(true);
    expect((await world.list()).filter((path) => path.includes('box'))).toEqual([]);
  });

  test('of a dead owner take in what a growth has started', async () => {
    await using world = await trees(1);
    const options = checkHostCgroup({ layout: 'overhead' }, 512);
    const made = await HostCgroup.plan('box', options, world.hierarchies);
    await made.make();
    const adopted = await HostCgroup.adopt(options, made.directories, world.hierarchies);
    expect(adopted.directories).toEqual(made.directories);
    expect(adopted.entryFiles).toEqual(made.entryFiles);
    await adopted.takeVcpus([77]);
    expect(await world.read('cpu/hako/box/vcpus/tasks')).toBe('77');
  });

  test('that a dead owner left are found by its run directory, and nothing outside of the control groups is touched', async () => {
    await using directory = await temporaryDirectory();
    const bystander = join(directory.path, 'bystander');
    await mkdir(bystander);
    expect(await removeLeftCgroups(directory.path)).toBe(true);
    const paths = ['/sys/fs/cgroup/nonexistent/hako/box', `/sys/fs/cgroup/../../..${bystander}`, bystander];
    await leaveCgroupTrace(directory.path, paths);
    expect(await removeLeftCgroups(directory.path)).toBe(true);
    expect(await readdir(directory.path)).toContain('bystander');
  });
});

test.for(['relative', '/a/../b', '/a//b', '', '/a\0b', `/${'a'.repeat(256)}`])(
  'a parent %j is refused',
  (parent) => {
    expect(() => checkHostCgroup({ parent }, 512)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
  },
);

test('less memory of the host than the machine has is refused', () => {
  const limits = { memoryBytes: 511 * 1024 * 1024 };
  expect(() => checkHostCgroup({ limits }, 512)).toThrow(
    expect.objectContaining({
      code: 'invalid_options',
      message: '511 MiB of the host are not enough for a machine of 512 MiB',
    }),
  );
  expect(checkHostCgroup({ limits }, 511)).toEqual({ parent: '/hako', layout: 'together', limits });
});
