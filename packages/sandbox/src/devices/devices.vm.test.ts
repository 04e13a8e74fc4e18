// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

import { QemuHypervisor } from '@hako/hypervisor-qemu';
import type { Hypervisor, VirtualMachine } from '@hako/hypervisor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ContainerOptions } from '../container/container-options.ts';
import { createSandbox } from '../create-sandbox.ts';
import { resolveImage } from '../image/resolve-image.ts';
import type { Sandbox } from '../sandbox.ts';
import { machineObstacle } from '../testing/machine-obstacle.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import {
  addDirectVolume,
  directVolumeStats,
  removeDirectVolume,
  resizeDirectVolume,
} from './direct-volume/direct-volumes.ts';
import { volumeUsers } from './direct-volume/volume-users.ts';

const run = promisify(execFile);
const obstacle = await machineObstacle({
  'erofs-utils': run('mkfs.erofs', ['--help']),
  e2fsprogs: run('debugfs', ['-V']),
});

/** QEMU, whose machines the test looks into. */
class WatchedHypervisor extends QemuHypervisor {
  readonly vms: VirtualMachine[] = [];
  override async createVm(
    ...args: Parameters<Hypervisor['createVm']>
  ): ReturnType<QemuHypervisor['createVm']> {
    const vm = await super.createVm(...args);
    this.vms.push(vm);
    return vm;
  }
}

/** Makes a file that holds a file system. */
async function makeDisk(path: string, mib = 16, fstype = 'ext4'): Promise<string> {
  const file = await open(path, 'w');
  await file.truncate(mib * 1024 * 1024);
  await file.close();
  await run(`mkfs.${fstype}`, ['-q', fstype === 'xfs' ? '-f' : '-F', path]);
  return path;
}

/** A loop device, if this machine has them. */
async function loopDevice(path: string): Promise<{ readonly node: string } & AsyncDisposable> {
  const { stdout } = await run('losetup', ['--find', '--show', path]);
  const node = stdout.trim();
  return {
    node,
    [Symbol.asyncDispose]: async () => {
      await run('losetup', ['--detach', node]);
    },
  };
}

const hasLoop = await run('losetup', ['--find']).then(
  () => true,
  () => false,
);

const hasXfs = await run('mkfs.xfs', ['-V']).then(
  () => true,
  () => false,
);

describe.skipIf(obstacle !== '')(`disks and devices of containers in a real machine${obstacle}`, () => {
  const hypervisor = new WatchedHypervisor();
  const owned = new AsyncDisposableStack();
  let sandbox: Sandbox;
  let directory: string;
  let image: ContainerOptions['image'];
  const plugged = (): readonly string[] =>
    (hypervisor.vms[0]?.pluggedDevices ?? [])
      .filter(({ device }) => device.kind === 'block')
      .map(({ device }) => device.id);

  beforeAll(async () => {
    await hypervisor.kvmVerdict();
    directory = owned.use(await temporaryDirectory()).path;
    image = await resolveImage('busybox');
    sandbox = owned.use(
      await createSandbox(
        { runRoot: join(directory, 'run'), devices: { directVolumes: join(directory, 'direct') } },
        { hypervisor },
      ),
    );
    await sandbox.ready();
  });

  afterAll(async () => {
    await owned.disposeAsync();
  });

  /** Runs a script in a container of its own, to its end and that of its devices. */
  async function inContainer(script: string, options: Partial<ContainerOptions> = {}): Promise<string> {
    await using container = await sandbox.createContainer({
      image,
      command: ['sh', '-c', script],
      ...options,
    });
    await container.start();
    const [stdout, stderr, exitCode] = await Promise.all([
      text(container.stdout),
      text(container.stderr),
      container.wait(),
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    return stdout;
  }

  const guestDisks = async (): Promise<string> => inContainer('ls /sys/block');

  test('a block volume is written in a container and read on the host afterwards [proves mount block volume, driver virtio-blk, device block, devices.newDevice, devices.attachDevice, devices.detachDevice, devices.agentDevices]', async () => {
    const source = await makeDisk(join(directory, 'volume.img'));
    const before = await guestDisks();
    const seen = await inContainer(
      'grep " /data " /proc/mounts; echo from-guest > /data/file; ls /sys/block',
      {
        blockVolumes: [{ source, destination: '/data', fstype: 'ext4', options: ['noatime'] }],
      },
    );
    const [mounted = '', ...disks] = seen.split('\n');
    expect(mounted).toMatch(/^\/dev\/vd\w \/data ext4 rw,.*noatime/);
    expect(disks).toHaveLength(before.split('\n').length + 1);
    expect((await run('debugfs', ['-R', 'cat /file', source])).stdout).toBe('from-guest\n');
    expect(plugged()).toEqual([]);
    expect(await guestDisks()).toBe(before);
  });

  test('two containers share a disk, which is plugged once and goes with the last of them [proves devices.attachDevice, devices.detachDevice, devices.newDevice, devices.removeDevice, container.discardOutput]', async () => {
    const source = await makeDisk(join(directory, 'shared.img'));
    const volume = { source, destination: '/data', fstype: 'ext4' };
    const first = await sandbox.createContainer({
      image,
      command: ['sh', '-c', 'echo one > /data/one; exec sleep 1000'],
      blockVolumes: [volume],
    });
    first.discardOutput();
    await first.start();
    const [id] = plugged();
    const script =
      'until [ -s /data/one ]; do sleep 0.1; done; cat /data/one; grep -c " /data ext4 ro" /proc/mounts';
    expect(await inContainer(script, { blockVolumes: [{ ...volume, readOnly: true }] })).toBe('one\n1\n');
    expect(plugged()).toEqual([id]);
    await expect(
      inContainer('true', { blockVolumes: [{ ...volume, options: ['nodev'] }] }),
    ).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining('is mounted as ext4') as string,
    });
    expect(plugged()).toEqual([id]);
    await first.remove();
    expect(plugged()).toEqual([]);
  });

  test('a direct-assigned volume is plugged for the directory it stands for, and its user is noted', async () => {
    const device = await makeDisk(join(directory, 'direct.img'));
    await run('debugfs', ['-w', '-R', 'mkdir /inside', device]);
    const volumePath = join(directory, 'volume');
    const root = join(directory, 'direct');
    const volume = { device, fstype: 'ext4', options: ['ro'], metadata: {} };
    await addDirectVolume(volumePath, volume, { directVolumes: root });
    const container = await sandbox.createContainer({
      image,
      command: ['sh', '-c', 'ls /mnt/data; touch /mnt/data/x 2>/dev/null || echo refused'],
      volumes: [{ source: volumePath, destination: '/mnt/data' }],
    });
    await container.start();
    container.stderr.resume();
    expect(await text(container.stdout)).toBe('inside\nlost+found\nrefused\n');
    expect(await volumeUsers(volumePath, root)).toMatchObject([
      { sandboxId: sandbox.id, guestPath: expect.stringContaining('/sandbox/storage/') as string },
    ]);
    const places = { directVolumes: root, runRoot: join(directory, 'run') };
    const [bytes] = await directVolumeStats(volumePath, places);
    expect(bytes).toMatchObject({ unit: 'bytes' });
    expect(bytes?.total).toBeGreaterThan(8n * 1024n * 1024n);
    await container.remove();
    expect(await volumeUsers(volumePath, root)).toEqual([]);
    await expect(directVolumeStats(volumePath, places)).rejects.toMatchObject({ code: 'invalid_state' });
    await removeDirectVolume(volumePath, places);
    await expect(directVolumeStats(volumePath, places)).rejects.toMatchObject({ code: 'invalid_options' });
    expect(plugged()).toEqual([]);
  });

  test.for([
    { fstype: 'ext4', mib: 16, largerMib: 64, isDevice: false },
    { fstype: 'xfs', mib: 300, largerMib: 400, isDevice: false },
    { fstype: 'ext4', mib: 16, largerMib: 64, isDevice: true },
  ])(
    'a volume of $fstype in use grows on the host, in the machine and in the container (device of the host: $isDevice) [proves vm.resizeBlock]',
    async ({ fstype, mib, largerMib, isDevice }, { skip }) => {
      if (isDevice && !hasLoop) skip('this machine has no loop devices');
      if (fstype === 'xfs' && !hasXfs) skip('mkfs.xfs is missing');
      const file = await makeDisk(join(directory, `grows-${fstype}-${String(isDevice)}.img`), mib, fstype);
      await using loop = isDevice ? await loopDevice(file) : undefined;
      const device = loop?.node ?? file;
      const volumePath = join(directory, `grows-${fstype}-${String(isDevice)}`);
      const places = { directVolumes: join(directory, 'direct'), runRoot: join(directory, 'run') };
      await addDirectVolume(volumePath, { device, fstype, options: [], metadata: {} }, places);
      const container = await sandbox.createContainer({
        image,
        command: ['sh', '-c', 'echo kept > /mnt/data/file; exec sleep 1000'],
        volumes: [{ source: volumePath, destination: '/mnt/data' }],
      });
      container.discardOutput();
      await container.start();
      const inside = async (script: string): Promise<string> => {
        const process = await container.exec({ command: ['sh', '-c', script] });
        process.stderr.resume();
        return text(process.stdout);
      };
      const sizeMib = async (): Promise<number> =>
        Number(await inside("df -Pm /mnt/data | awk 'NR == 2 {print $2}'"));
      const bytes = largerMib * 1024 * 1024;
      expect(await sizeMib()).toBeLessThanOrEqual(mib);
      if (isDevice) {
        await expect(resizeDirectVolume(volumePath, bytes, places)).rejects.toMatchObject({
          code: 'invalid_options',
          message: expect.stringContaining('cannot give') as string,
        });
        await truncate(file, bytes);
        await run('losetup', ['--set-capacity', device]);
      }
      await resizeDirectVolume(volumePath, bytes, places);
      expect((await stat(file)).size).toBe(bytes);
      const grown = await sizeMib();
      expect(grown).toBeGreaterThan(largerMib * 0.75);
      expect(grown).toBeLessThanOrEqual(largerMib);
      await resizeDirectVolume(volumePath, bytes, places);
      expect(await sizeMib()).toBe(grown);
      await expect(resizeDirectVolume(volumePath, bytes / 2, places)).rejects.toMatchObject({
        code: 'invalid_options',
        message: expect.stringContaining('cannot shrink to') as string,
      });
      const fill = `dd if=/dev/zero of=/mnt/data/full bs=1M count=${Math.floor((largerMib - mib) * 0.75)} conv=fsync`;
      expect(await inside(`${fill} && cat /mnt/data/file`)).toBe('kept\n');
      await container.remove();
      const [command, check] = fstype === 'ext4' ? ['e2fsck', ['-fn']] : ['xfs_repair', ['-n']];
      await run(command, [...check, file]);
      await expect(resizeDirectVolume(volumePath, bytes, places)).rejects.toMatchObject({
        code: 'invalid_state',
      });
      await removeDirectVolume(volumePath, places);
    },
  );

  test.skipIf(!hasLoop)(
    'a block device of the host is a node of the container, and read-only when it is asked for so (skipped without loop devices) [proves devices.agentDevices, device block]',
    async () => {
      const path = await makeDisk(join(directory, 'loop.img'));
      await using loop = await loopDevice(path);
      const { node } = loop;
      const both = [{ path: node, containerPath: '/dev/data' }, { path: '/dev/net/tun' }];
      expect(await inContainer('exec 3<>/dev/net/tun; exec 4</dev/data', { devices: both })).toBe('');
      const write = 'printf HELLO | dd of=/dev/data conv=fsync 2>/dev/null && head -c 5 /dev/data';
      expect(await inContainer(write, { devices: [{ path: node, containerPath: '/dev/data' }] })).toBe(
        'HELLO',
      );
      expect((await run('head', ['-c', '5', node])).stdout).toBe('HELLO');
      const attempt = `head -c 5 ${node}; printf x 2>/dev/null > ${node} || echo refused`;
      expect(await inContainer(attempt, { devices: [{ path: node, readOnly: true }] })).toMatch(
        /^HELLO.*refused\n$/s,
      );
      expect(plugged()).toEqual([]);
    },
  );

  test('a root file system on a disk runs BusyBox and is written to, whatever else uses the same image [proves share block root]', async () => {
    const script = 'grep " / " /proc/mounts; echo mine > /bin/mine; cat /bin/mine; test -e /etc/passwd';
    await using other = await sandbox.createContainer({ image, command: ['sleep', '1000'], rootfs: 'block' });
    await other.start();
    other.discardOutput();
    expect(plugged()).toHaveLength(1);
    expect(await inContainer(script, { rootfs: 'block' })).toMatch(/^overlay \/ overlay rw,.*\nmine\n$/s);
    expect(plugged()).toHaveLength(1);
    const readOnly = { ...image, readOnly: true };
    const attempt = 'grep " / " /proc/mounts; echo x 2>/dev/null > /x || echo refused';
    expect(await inContainer(attempt, { image: readOnly, rootfs: 'block' })).toMatch(
      / erofs ro,.*refused\n$/s,
    );
    await other.remove();
    expect(plugged()).toEqual([]);
  });

  test('a container that cannot be created leaves nothing plugged', async () => {
    const source = await makeDisk(join(directory, 'failing.img'));
    const volume = { source, destination: '/data', fstype: 'ext4' };
    const failing: readonly (readonly [Partial<ContainerOptions>, string])[] = [
      [{ blockVolumes: [volume], command: ['/no/such/program'] }, 'command_not_found'],
      [{ blockVolumes: [{ ...volume, fstype: 'xfs' }], rootfs: 'block' }, 'agent_failed'],
      [{ blockVolumes: [{ ...volume, encryptionKey: 'ephemeral' }] }, 'agent_failed'],
      [
        { blockVolumes: [volume], volumes: [{ source: '/no/such/file', destination: '/x' }] },
        'invalid_options',
      ],
    ];
    for (const [options, code] of failing)
      await expect(inContainer('true', options)).rejects.toMatchObject({ code });
    expect(plugged()).toEqual([]);
    expect(await inContainer('ls /sys/block')).not.toContain('vdb');
  });

  test('a sandbox whose disks are SCSI ones gives volumes, devices and root file systems all the same [proves driver virtio-scsi, mount block volume, share block root]', async () => {
    const source = await makeDisk(join(directory, 'scsi.img'));
    const settings = { blockDriver: 'virtio-scsi', noFlush: true } as const;
    await using scsi = await createSandbox(
      { runRoot: join(directory, 'run'), rootfs: 'block', devices: settings },
      { hypervisor },
    );
    await using container = await scsi.createContainer({
      image,
      command: [
        'sh',
        '-c',
        'grep " /data " /proc/mounts; echo scsi > /data/file; grep -c overlay /proc/mounts',
      ],
      blockVolumes: [{ source, destination: '/data', fstype: 'ext4', createFilesystem: true }],
    });
    await container.start();
    container.stderr.resume();
    expect(await text(container.stdout)).toMatch(/^\/dev\/sd\w \/data ext4 rw.*\n1\n$/);
    await container.remove();
    expect((await run('debugfs', ['-R', 'cat /file', source])).stdout).toBe('scsi\n');
  });

  test('what a running container has written to a disk is there after the end of its sandbox', async () => {
    const source = await makeDisk(join(directory, 'last.img'));
    const container = await sandbox.createContainer({
      image,
      command: ['sh', '-c', 'echo last > /data/file; echo done; exec sleep 1000'],
      blockVolumes: [{ source, destination: '/data', fstype: 'ext4' }],
    });
    await container.start();
    for await (const data of container.stdout) if (String(data).includes('done')) break;
    await sandbox.stop();
    expect((await run('debugfs', ['-R', 'cat /file', source])).stdout).toBe('last\n');
    expect(await readdir(join(directory, 'run'))).toEqual([]);
  });
});
