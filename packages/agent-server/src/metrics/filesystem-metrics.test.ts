// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { formatExposition } from './exposition.ts';
import { countedMounts, filesystemMetrics } from './filesystem-metrics.ts';

const mount = (target: string, fstype: string, source: string, readOnly = false) => ({
  target,
  fstype,
  source,
  readOnly,
});

const table = [
  mount('/', 'erofs', '/dev/vda'),
  mount('/data', 'ext4', '/dev/vdb'),
  mount('/data/again', 'ext4', '/dev/vdb'),
  mount('/ro', 'xfs', '/dev/vdc', true),
  mount('/tmp', 'tmpfs', 'tmpfs'),
  mount('/a', 'overlay', 'overlay'),
  mount('/b', 'overlay', 'overlay'),
];

test('writable file systems on storage are counted, each device once', () => {
  expect(countedMounts(table).map(({ target }) => target)).toEqual(['/data', '/a', '/b']);
});

test('room is given in bytes, and a mount that has gone is left out', async () => {
  const usage = { bsize: 4096n, blocks: 10n, bfree: 6n, bavail: 5n, files: 100n, ffree: 90n };
  const families = await filesystemMetrics(table, (path) =>
    path === '/data' ? Promise.resolve(usage) : Promise.reject(new Error('gone')),
  );
  const lines = formatExposition(families)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const labels = (item: string) => `{mount="/data",device="/dev/vdb",item="${item}"}`;
  expect(lines).toEqual([
    `kata_guest_filesystem_bytes${labels('total')} 40960`,
    `kata_guest_filesystem_bytes${labels('used')} 16384`,
    `kata_guest_filesystem_bytes${labels('available')} 20480`,
    `kata_guest_filesystem_inodes${labels('total')} 100`,
    `kata_guest_filesystem_inodes${labels('used')} 10`,
    `kata_guest_filesystem_inodes${labels('available')} 90`,
  ]);
});
