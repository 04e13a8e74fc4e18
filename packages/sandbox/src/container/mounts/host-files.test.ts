// SPDX-License-Identifier: Apache-2.0
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { hostFiles, mountOptionsIn } from './host-files.ts';
import { parsePageSize } from './huge-pages-mount.ts';
import { resolverMounts } from './resolver-mount.ts';
import { bundleShmMib } from './shm-mount.ts';

const table = [
  '26 1 0:24 / /mnt/huge\\040pages rw shared:5 - hugetlbfs nodev rw,pagesize=2M',
  '27 1 0:25 / /mnt rw - tmpfs tmpfs rw,size=1k',
  '28 1 0:26 / /mnt ro - ext4 /dev/x ro',
  '',
].join('\n');

test.for([
  { path: '/mnt/huge pages', options: ['rw', 'pagesize=2M'] },
  { path: '/mnt', options: ['ro'] },
  { path: '/mnt/other', options: undefined },
])('the mount at $path has options $options', ({ path, options }) => {
  expect(mountOptionsIn(table, path)).toEqual(options);
});

test.for([
  { text: '2M', bytes: 2 << 20 },
  { text: '2MB', bytes: 2 << 20 },
  { text: '1GiB', bytes: 1 << 30 },
  { text: '64kB', bytes: 64 << 10 },
  { text: '4096', bytes: 4096 },
  { text: '0M', bytes: undefined },
  { text: '', bytes: undefined },
  { text: '2X', bytes: undefined },
])('page size "$text" is $bytes bytes', ({ text, bytes }) => {
  expect(parsePageSize(text)).toBe(bytes);
});

test('files are counted as Kubernetes lays them out, and counting ends above the limit', async () => {
  await using directory = await temporaryDirectory();
  const data = join(directory.path, '..2026_01_01_00_00_00.1');
  await mkdir(data);
  for (const key of ['a', 'b']) {
    await writeFile(join(data, key), key);
    await symlink(`..data/${key}`, join(directory.path, key));
  }
  await symlink('..2026_01_01_00_00_00.1', join(directory.path, '..data'));
  expect(await hostFiles.countFiles(directory.path, 8)).toBe(5);
  expect(await hostFiles.countFiles(join(data, 'a'), 8)).toBe(1);
  expect(await hostFiles.countFiles(directory.path, 2)).toBe(3);
});

test('the file system of a path is told by its kind and size', async () => {
  const { kind, sizeBytes } = await hostFiles.fileSystem('/dev/shm');
  expect(kind).toBe('tmpfs');
  expect(sizeBytes).toBeGreaterThan(0);
  expect((await hostFiles.fileSystem('/proc')).kind).toBe('other');
});

test.for([
  { mounts: [], mib: 0 },
  { mounts: [{ destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['size=1m'] }], mib: 64 },
  { mounts: [{ destination: '/dev/shm', type: 'bind', source: '/dev/shm' }], mib: 64 },
  { mounts: [{ destination: '/dev/shm', type: 'bind', source: '/pod/shm' }], mib: 32 },
])('a bundle with mounts $mounts wants shared memory of $mib MiB', async ({ mounts, mib }) => {
  const files = {
    ...hostFiles,
    fileSystem: () => Promise.resolve({ kind: 'tmpfs', sizeBytes: 32 << 20 } as const),
  };
  expect(await bundleShmMib({ ociVersion: '1.1.0', mounts }, files)).toBe(mib);
});

test('a container resolves names as the guest does, unless it brings its own file', () => {
  expect(resolverMounts([])).toMatchObject([{ destination: '/etc/resolv.conf', source: '/etc/resolv.conf' }]);
  expect(resolverMounts([{ destination: '/etc/resolv.conf' }])).toEqual([]);
});
