// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { realHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

const run = promisify(execFile);
const consoles = 'hako-disks';
const obstacle = await machineObstacle({
  'erofs-utils': run('mkfs.erofs', ['--help']),
  e2fsprogs: run('debugfs', ['-V']),
});

describe.skipIf(obstacle !== '')(`hako with disks${obstacle}`, () => {
  watchMachines(consoles);

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
