// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { QemuHypervisor } from '@hako/hypervisor-qemu';
import { locateGuestAssets, resolveCacheDirectory } from '@hako/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { crashedConsoles, realHako } from './testing/real-hako.ts';

const run = promisify(execFile);
const consoles = 'hako-disks';
const obstacle = await Promise.all([
  locateGuestAssets(resolveCacheDirectory()),
  run('mkfs.erofs', ['--help']),
  run('debugfs', ['-V']),
]).then(
  () => (process.getuid?.() === 0 ? '' : ' (skipped: not root)'),
  () => ' (skipped: no guest image in the cache, no erofs-utils or no e2fsprogs)',
);

describe.skipIf(obstacle !== '')(`hako with disks${obstacle}`, () => {
  beforeAll(async () => {
    await new QemuHypervisor().kvmVerdict();
  });

  afterAll(async () => {
    expect(await crashedConsoles(consoles)).toEqual([]);
  });

  test('without any shared file: root file system and volume on disks, what is written stays on the volume [proves share none, share block root, mount block volume]', async () => {
    await using hako = await realHako(consoles);
    const disk = join(hako.directory, 'disk.img');
    await writeFile(disk, Buffer.alloc(16 * 1024 * 1024));
    const mount = `type=block,src=${disk},dst=/data,fstype=ext4,format,option=noatime`;
    const script = 'echo root > /file; cat /file > /data/file; grep -c virtiofs /proc/mounts; echo done';
    const words = ['run', '--shared-fs', 'none', '--rootfs', 'block', '--mount', mount, 'busybox'];
    expect(await hako.run(...words, 'sh', '-c', script)).toEqual({
      exitCode: 0,
      stdout: '0\ndone\n',
      stderr: '',
    });
    expect((await run('debugfs', ['-R', 'cat /file', disk])).stdout).toBe('root\n');
    expect(await hako.leftovers()).toEqual([]);
  });
});
