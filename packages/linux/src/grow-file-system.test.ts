// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { growExt4, growXfs } from './grow-file-system.ts';
import { backends } from './testing/backends.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

const isRoot = process.getuid?.() === 0;
const hasXfs = ['/sbin', '/usr/sbin'].some((dir) => existsSync(join(dir, 'mkfs.xfs')));
const reason = !isRoot ? ' (skipped: needs root)' : !hasXfs ? ' (skipped: needs mkfs.xfs)' : '';
const bytesPerMib = 1024 * 1024;
const fsMib = 300;
const diskMib = 360;

describe.each(backends)('growing a file system through $title', ({ missing, load }) => {
  test.skipIf(missing || reason !== '')(`gives a mounted XFS all of its device${reason}`, () => {
    using directory = temporaryDirectory();
    const image = join(directory.path, 'image');
    const mountPoint = join(directory.path, 'mounted');
    mkdirSync(mountPoint);
    writeFileSync(image, '');
    truncateSync(image, fsMib * bytesPerMib);
    execFileSync('mkfs.xfs', ['-q', image]);
    truncateSync(image, diskMib * bytesPerMib);
    execFileSync('mount', ['-o', 'loop', image, mountPoint]);
    const fd = openSync(mountPoint, 'r');
    try {
      const { bsize, blocks } = statfsSync(mountPoint);
      const wanted = BigInt((diskMib * bytesPerMib) / bsize);
      growXfs(fd, wanted, load());
      expect(statfsSync(mountPoint).blocks).toBeGreaterThan(blocks);
      growXfs(fd, wanted, load());
      expect(() => growXfs(fd, wanted - 1n, load())).toThrow(expect.objectContaining({ code: 'EINVAL' }));
      expect(() => growXfs(fd, wanted * 2n, load())).toThrow(expect.objectContaining({ code: 'EIO' }));
      expect(() => growExt4(fd, wanted, load())).toThrow(expect.objectContaining({ code: 'ENOTTY' }));
    } finally {
      closeSync(fd);
      execFileSync('umount', [mountPoint]);
    }
  });

  test.skipIf(missing).each([
    { fstype: 'ext4', grow: growExt4 },
    { fstype: 'xfs', grow: growXfs },
  ])('refuses a file system that is no $fstype', ({ grow }) => {
    const fd = openSync('/proc', 'r');
    try {
      expect(() => grow(fd, 1n, load())).toThrow(expect.objectContaining({ code: 'ENOTTY' }));
    } finally {
      closeSync(fd);
    }
  });
});
