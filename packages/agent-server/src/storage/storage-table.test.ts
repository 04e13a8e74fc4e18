// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storage } from '@hako/protocols/agent';
import { FSGroupChangePolicy } from '@hako/protocols/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAgentPaths } from '../paths/agent-paths.ts';
import { createFakeMounter } from '../testing/fake-mounter.ts';
import { createFakeSystem } from '../testing/fake-system.ts';
import { createStorageDrivers } from './storage-drivers.ts';
import { createStorageTable } from './storage-table.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const isRoot = process.getuid?.() === 0;
let dir = '';
let kata = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hako-storage-'));
  kata = join(dir, 'kata-containers');
  await mkdir(kata);
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

function setUp() {
  const mounter = createFakeMounter();
  const paths = createAgentPaths({ runDir: dir });
  const real = createStorageTable({
    tools: {
      mounter,
      paths,
      system: createFakeSystem(),
      runProgram: () => Promise.reject(new Error('no programs')),
      devices: { waitForBlockDevice: () => Promise.reject(new Error('no devices')) },
      logger: silent,
    },
    drivers: createStorageDrivers(),
  });
  const { signal } = new AbortController();
  const table = {
    release: (mountPoints: readonly string[]) => real.release(mountPoints),
    acquire: (storages: readonly Storage[], containerId: string | undefined) =>
      real.acquire(storages, { containerId, signal }),
  };
  return { mounter, paths, table };
}

function storage(changes: Parameters<typeof Storage.fromPartial>[0]): Storage {
  return Storage.fromPartial({
    driver: 'virtio-fs',
    source: 'tag',
    fstype: 'virtiofs',
    mountPoint: join(kata, 'target'),
    ...changes,
  });
}

describe('the table of storages', () => {
  test('mounts once and unmounts with the last user', async () => {
    const { mounter, table } = setUp();
    const first = await table.acquire([storage({})], 'c1');
    const second = await table.acquire([storage({})], 'c2');
    expect(mounter.requests).toHaveLength(1);
    await table.release(first);
    expect(mounter.entries).toHaveLength(1);
    await table.release(second);
    expect(mounter.entries).toHaveLength(0);
    await expect(stat(join(kata, 'target'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('lets two who come together share one mount', async () => {
    const { mounter, table } = setUp();
    const held = await Promise.all(['c1', 'c2'].map((id) => table.acquire([storage({})], id)));
    expect(mounter.requests).toHaveLength(1);
    await table.release(held[0] ?? []);
    expect(mounter.entries).toHaveLength(1);
  });

  test('releases what was attached when a later one fails, and forgets the failed one', async () => {
    const { mounter, table } = setUp();
    const bad = storage({ mountPoint: join(kata, 'bad') });
    mounter.failures.set(bad.mountPoint, new Error('no such tag'));
    await expect(table.acquire([storage({}), bad], 'c1')).rejects.toMatchObject({ code: 'storage_failed' });
    expect(mounter.entries).toHaveLength(0);
    await table.acquire([storage({}), bad], 'c1');
    expect(mounter.entries).toHaveLength(2);
  });

  test('keeps a shared storage until the sandbox ends', async () => {
    const { mounter, table } = setUp();
    await table.release(await table.acquire([storage({ shared: true })], 'c1'));
    expect(mounter.entries).toHaveLength(1);
  });

  test('fails when something is left where it was mounted', async () => {
    const { mounter, table } = setUp();
    const held = await table.acquire([storage({})], 'c1');
    await writeFile(join(kata, 'target/left'), '');
    await expect(table.release(held)).rejects.toMatchObject({ code: 'storage_failed' });
    expect(mounter.entries).toHaveLength(0);
  });

  test.each([
    { title: 'an unknown driver', changes: { driver: 'image_guest_pull' }, code: 'unknown_storage_driver' },
    { title: 'no source', changes: { source: '' }, code: 'storage_failed' },
    { title: 'no mount point', changes: { mountPoint: '' }, code: 'storage_failed' },
    { title: 'no file system type', changes: { fstype: '' }, code: 'storage_failed' },
    { title: 'a loop device', changes: { options: ['loop'] }, code: 'storage_failed' },
    {
      title: 'more than a page of options',
      changes: { options: ['x'.repeat(4096)] },
      code: 'storage_failed',
    },
    {
      title: 'a bind source that is not there',
      changes: { driver: 'bind', source: '/no/such' },
      code: 'path_refused',
    },
    {
      title: 'a writable overlay for the sandbox',
      changes: { driver: 'overlayfs', options: ['io.katacontainers.fs-opt.overlay-rw'] },
      code: 'storage_failed',
      containerId: undefined,
    },
    {
      title: 'huge pages without their size',
      changes: { driver: 'ephemeral', fstype: 'hugetlbfs', options: ['pagesize=2097152'] },
      code: 'storage_failed',
    },
    {
      title: 'huge pages of a size there is not',
      changes: { driver: 'ephemeral', fstype: 'hugetlbfs', options: ['pagesize=3072', 'size=6144'] },
      code: 'storage_failed',
    },
    {
      title: 'a mode that is no number',
      changes: { driver: 'local', options: ['mode=rwx'] },
      code: 'storage_failed',
    },
    {
      title: 'a group that is no number',
      changes: { driver: 'ephemeral', options: ['fsgid=-1'] },
      code: 'storage_failed',
    },
  ])('refuses $title', async ({ changes, code, ...rest }) => {
    const { table, mounter } = setUp();
    const containerId = 'containerId' in rest ? undefined : 'c1';
    await expect(table.acquire([storage(changes)], containerId)).rejects.toMatchObject({ code });
    expect(mounter.entries).toHaveLength(0);
  });
});

describe('storage drivers', () => {
  test('virtio-fs leaves a share alone that the image has mounted', async () => {
    const { mounter, table } = setUp();
    mounter.mount({ source: 'kataShared', target: join(kata, 'target'), fstype: 'virtiofs', flags: [] });
    await table.acquire([storage({ source: 'kataShared' })], undefined);
    expect(mounter.requests).toHaveLength(1);
  });

  test('options become flags and data, later ones winning', async () => {
    const { mounter, table } = setUp();
    await table.acquire([storage({ options: ['ro', 'nodev', 'rw', 'cache=none', 'defaults', 'dax'] })], 'c1');
    expect(mounter.requests).toEqual([
      {
        source: 'tag',
        target: join(kata, 'target'),
        root: kata,
        fstype: 'virtiofs',
        flags: ['nodev'],
        data: 'cache=none,dax',
      },
    ]);
  });

  test('a read-only bind takes a second mount, and propagation a third', async () => {
    const { mounter, table } = setUp();
    await mkdir(join(kata, 'src'));
    const bind = {
      driver: 'bind',
      fstype: 'bind',
      source: join(kata, 'src'),
      options: ['rbind', 'ro', 'rslave'],
    };
    await table.acquire([storage(bind)], 'c1');
    expect(mounter.requests.map(({ flags }) => flags.toSorted())).toEqual([
      ['bind', 'rec'],
      ['bind', 'remount', 'ro'],
      ['rec', 'slave'],
    ]);
  });

  test('a file is bound onto a file', async () => {
    const { table } = setUp();
    await writeFile(join(kata, 'src'), 'x');
    await table.acquire([storage({ driver: 'bind', source: join(kata, 'src') })], 'c1');
    expect((await stat(join(kata, 'target'))).isFile()).toBe(true);
  });

  test('overlayfs adds a writable layer in the bundle', async () => {
    const { mounter, table, paths } = setUp();
    const options = ['io.katacontainers.fs-opt.overlay-rw', 'lowerdir=/l1:/l2'];
    const driverOptions = [`io.katacontainers.volume.overlayfs.create_directory=${join(kata, 'made')}`];
    await table.acquire([storage({ driver: 'overlayfs', fstype: 'x', options, driverOptions })], 'c1');
    const bundle = join(paths.kataDir, 'c1');
    expect(mounter.requests[0]).toMatchObject({
      fstype: 'overlay',
      data: `lowerdir=/l1:/l2,upperdir=${bundle}/upper,workdir=${bundle}/work`,
    });
    expect((await stat(join(kata, 'made'))).isDirectory()).toBe(true);
    expect((await stat(join(bundle, 'work'))).isDirectory()).toBe(true);
  });

  test('ephemeral honours size and mode, and outlives containers', async () => {
    const { mounter, table } = setUp();
    const options = ['noexec', 'nosuid', 'nodev', 'mode=1777', 'size=67108864'];
    const held = await table.acquire(
      [storage({ driver: 'ephemeral', fstype: 'tmpfs', source: 'shm', options })],
      'c1',
    );
    expect(held).toEqual([]);
    expect(mounter.requests[0]).toMatchObject({ fstype: 'tmpfs', data: 'mode=1777,size=67108864' });
    await table.release(held);
    expect(mounter.entries).toHaveLength(1);
  });

  test('local makes a directory with its mode', async () => {
    const { mounter, table } = setUp();
    expect(await table.acquire([storage({ driver: 'local', options: ['mode=0777'] })], 'c1')).toEqual([]);
    expect((await stat(join(kata, 'target'))).mode & 0o7777).toBe(0o777);
    expect(mounter.requests).toEqual([]);
  });

  test.skipIf(!isRoot)('local and ephemeral give the directory to a group', async () => {
    const { table } = setUp();
    await table.acquire([storage({ driver: 'local', options: ['mode=0770', 'fsgid=4321'] })], 'c1');
    const ephemeral = {
      driver: 'ephemeral',
      fstype: 'tmpfs',
      mountPoint: join(kata, 'e'),
      options: ['fsgid=4321'],
    };
    await table.acquire([storage(ephemeral)], 'c1');
    expect(await stat(join(kata, 'target'))).toMatchObject({ gid: 4321, mode: 0o42770 });
    const { gid, mode } = await stat(join(kata, 'e'));
    expect([gid, mode & 0o2000]).toEqual([4321, 0o2000]);
  });

  test.skipIf(!isRoot).each([
    { policy: FSGroupChangePolicy.Always, rootGid: 55, changed: true },
    { policy: FSGroupChangePolicy.OnRootMismatch, rootGid: 0, changed: true },
    { policy: FSGroupChangePolicy.OnRootMismatch, rootGid: 55, changed: false },
  ])(
    'fs_group with policy $policy and a root of group $rootGid: $changed',
    async ({ policy, rootGid, changed }) => {
      const { table } = setUp();
      const target = join(kata, 'target');
      await mkdir(target);
      await writeFile(join(target, 'file'), '', { mode: 0o600 });
      await symlink('/etc/hostname', join(target, 'link'));
      const { chmod, chown } = await import('node:fs/promises');
      await chown(target, 0, rootGid);
      await chmod(target, 0o2770);
      await table.acquire([storage({ fsGroup: { groupId: 55, groupChangePolicy: policy } })], 'c1');
      const { gid, mode } = await stat(join(target, 'file'));
      expect([gid, mode & 0o777]).toEqual(changed ? [55, 0o660] : [0, 0o600]);
      expect(await stat(target)).toMatchObject({ gid: 55 });
    },
  );
});
