// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { realHako } from './testing/real-hako.ts';
import { watchMachines } from './testing/watch-machines.ts';

const run = promisify(execFile);
const consoles = 'hako-disks';
const mib = 1024 * 1024;
const obstacle = await machineObstacle({
  'erofs-utils': run('mkfs.erofs', ['--help']),
  e2fsprogs: run('debugfs', ['-V']),
});

describe.skipIf(obstacle !== '')(`hako with disks${obstacle}`, () => {
  watchMachines(consoles);

  test('without any shared file: root file system and volumes on disks, what is written stays on a volume, one grows while it is used [proves share none, share block root, mount block volume, vm.resizeBlock]', async () => {
    await using hako = await realHako(consoles);
    const disk = join(hako.directory, 'disk.img');
    await writeFile(disk, Buffer.alloc(16 * mib));
    const mount = `type=block,src=${disk},dst=/data,fstype=ext4,format,option=noatime`;
    const growing = join(hako.directory, 'growing.img');
    const volume = join(hako.directory, 'volume');
    await writeFile(growing, Buffer.alloc(16 * mib));
    await mkdir(volume);
    await using _volume = {
      [Symbol.asyncDispose]: () => hako.run('volume', 'rm', volume).then(() => undefined),
    };
    const added = await hako.run(
      'volume',
      'add',
      volume,
      '--device',
      growing,
      '--fstype',
      'ext4',
      '--format',
    );
    expect(added).toEqual({ exitCode: 0, stdout: '', stderr: '' });

    const size = "df -Pm /volume | awk 'NR == 2 {print $2}'";
    const script = `echo root > /file; cat /file > /data/file; grep -c virtiofs /proc/mounts
      before=$(${size}); echo $before > /before
      until [ $(${size}) -gt $before ]; do sleep 0.1; done; ${size}`;
    const words = ['--shared-fs', 'none', '--rootfs', 'block', '--mount', mount, '-v', `${volume}:/volume`];
    const running = hako.start(['run', '--name', 'disks', ...words, 'busybox', 'sh', '-c', script]);
    const seen = async (): Promise<string> => (await hako.run('exec', 'disks', 'cat', '/before')).stdout;
    await expect.poll(seen, { timeout: 100_000 }).toMatch(/^\d+\n$/);
    expect(Number(await seen())).toBeLessThanOrEqual(16);
    expect(await hako.run('volume', 'resize', volume, '64m')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    const { exitCode, stdout, stderr } = await running.finished;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [shared, after] = stdout.split('\n');
    expect(shared).toBe('0');
    expect(Number(after)).toBeGreaterThan(48);
    expect((await run('debugfs', ['-R', 'cat /file', disk])).stdout).toBe('root\n');
    expect(await hako.leftovers()).toEqual([]);
  });
});
