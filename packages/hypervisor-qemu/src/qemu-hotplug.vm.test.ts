// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilListening } from '@hako/hypervisor';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { startGuest } from './testing/start-guest.ts';
import { sysfsOf } from './testing/sysfs-path.ts';
import { findTestKernel } from './testing/test-guest.ts';

const hasKernel = (await findTestKernel()) !== undefined;
const virtiofsdPath = '/usr/lib/qemu/virtiofsd';
const storageDaemonPath = '/usr/bin/qemu-storage-daemon';
const hasStorageDaemon = (await stat(storageDaemonPath).catch(() => undefined)) !== undefined;
const hasVirtiofsd = (await stat(virtiofsdPath).catch(() => undefined)) !== undefined;

/** Starts a program that serves a device on a socket, and waits until it does. */
async function startPeer(socketPath: string, program: string, args: readonly string[]) {
  const peer = execa(program, args, { reject: false });
  await untilListening(socketPath, AbortSignal.timeout(30_000));
  return {
    ended: peer,
    async [Symbol.asyncDispose]() {
      peer.kill('SIGKILL');
      await peer;
    },
  };
}

/** A tap of the host with an address, or undefined where the host does not allow that. */
async function createTap(name: string, address: string): Promise<AsyncDisposable | undefined> {
  const ip = (...args: readonly string[]) => execa('ip', args, { reject: false });
  if ((await ip('tuntap', 'add', 'dev', name, 'mode', 'tap')).exitCode !== 0) return undefined;
  await ip('address', 'add', address, 'dev', name);
  await ip('link', 'set', name, 'up');
  return {
    async [Symbol.asyncDispose]() {
      await ip('link', 'delete', name);
    },
  };
}

describe.skipIf(!hasKernel)('hotplug into a real guest (skipped if no test kernel is prepared)', () => {
  test.skipIf(!hasVirtiofsd)(
    'a shared directory is seen, used, unplugged and gone (skipped without virtiofsd) [proves plug virtio-fs, unplug virtio-fs]',
    async () => {
      await using guest = await startGuest({ sharedMemory: true });
      const { vm, shell, directory } = guest;
      const shared = join(directory, 'shared');
      const socketPath = join(directory, 'fs.sock');
      await mkdir(shared);
      await writeFile(join(shared, 'greeting'), 'from-host');
      const args = [`--socket-path=${socketPath}`, '-o', `source=${shared}`, '-f'];
      await using daemon = await startPeer(socketPath, virtiofsdPath, args);

      const { address } = await vm.plug({ kind: 'virtio-fs', id: 'share', tag: 'hako', socketPath });
      expect(
        await shell.until('mkdir -p /share && mount -t virtiofs hako /share && cat /share/greeting'),
      ).toBe('from-host');
      expect(await shell.run(`cat ${sysfsOf(address.pciPath)}/device`)).toBe('0x105a');
      await shell.run('echo from-guest >/share/answer && umount /share');
      expect(await readFile(join(shared, 'answer'), 'utf8')).toBe('from-guest\n');

      await vm.unplug('share');
      expect(vm.pluggedDevices).toEqual([]);
      await shell.run(`! test -e ${sysfsOf(address.pciPath)}`);
      // It ends when the machine has closed its side.
      await daemon.ended;
    },
  );

  test('directories that QEMU exports by 9p are devices of the guest, from the start and plugged, unplugged and gone [proves cold 9p, plug 9p, unplug 9p]', async () => {
    await using exported = await startGuest({
      exportedDirectories: [{ id: 'files', path: '/usr' }],
      devices: [{ kind: '9p', tag: 'early', exportId: 'files' }],
    });
    const { vm, shell } = exported;
    // A virtio device of type 9, VIRTIO_ID_9P.
    const count = 'cat /sys/bus/virtio/devices/*/device | grep -c 0x0009';
    expect(await shell.run(count)).toBe('1');
    const { address } = await vm.plug({ kind: '9p', id: 'share', tag: 'late', exportId: 'files' });
    expect(await shell.until(`test $(${count}) = 2 && cat ${sysfsOf(address.pciPath)}/device`)).toBe(
      '0x1049',
    );
    await vm.unplug('share');
    expect(await shell.until(`test $(${count}) = 1 && ${count}`)).toBe('1');
    await expect(vm.plug({ kind: '9p', id: 'share', tag: 'late', exportId: 'other' })).rejects.toMatchObject({
      code: 'invalid_device',
      operand: 'exportId',
    });
  });

  test('a disk is seen, written, unplugged and gone, and its place is used again [proves plug block virtio-blk, unplug block virtio-blk]', async () => {
    await using guest = await startGuest();
    const { vm, shell, directory } = guest;
    const path = join(directory, 'disk,1.img');
    await writeFile(path, Buffer.alloc(1024 * 1024, 'hello'));
    const plug = () => vm.plug({ kind: 'block', id: 'data', path, readOnly: false, serial: 'my-serial' });

    const { address } = await plug();
    expect(await shell.until('test -b /dev/vda && head -c 5 /dev/vda')).toBe('hello');
    expect(await shell.run('cat /sys/block/vda/serial')).toBe('my-serial');
    expect(await shell.run(`ls ${sysfsOf(address.pciPath)}/virtio*/block`)).toBe('vda');
    await shell.run('printf HELLO | dd of=/dev/vda conv=fsync 2>/dev/null');
    await vm.unplug('data');
    expect((await readFile(path, 'latin1')).slice(0, 10)).toBe('HELLOhello');
    await shell.run('! test -e /dev/vda');

    expect((await plug()).address).toEqual(address);
    expect(await shell.until('test -b /dev/vda && head -c 5 /dev/vda')).toBe('HELLO');
  });

  test.each(['virtio-blk', 'virtio-scsi'] as const)(
    'a %s disk in use grows, and the guest sees it at once [proves vm.resizeBlock]',
    async (driver) => {
      await using guest = await startGuest();
      const { vm, shell, directory } = guest;
      const path = join(directory, 'disk.img');
      await writeFile(path, Buffer.alloc(1024 * 1024, 'hello'));
      await vm.plug({ kind: 'block', id: 'data', path, readOnly: false, driver });
      const disk = driver === 'virtio-blk' ? 'vda' : 'sda';
      expect(await shell.until(`test -b /dev/${disk} && cat /sys/block/${disk}/size`)).toBe('2048');
      await shell.run(`exec 3<>/dev/${disk}`);
      await vm.resizeBlock('data', 3 * 1024 * 1024);
      await shell.until(`test $(cat /sys/block/${disk}/size) = 6144`);
      await shell.run(`printf END | dd of=/dev/${disk} bs=512 seek=6143 conv=fsync 2>/dev/null`);
      expect((await stat(path)).size).toBe(3 * 1024 * 1024);
      expect((await readFile(path, 'latin1')).slice(-512, -509)).toBe('END');
      await expect(vm.resizeBlock('data', 1024 * 1024)).rejects.toMatchObject({ code: 'invalid_device' });
      expect(await shell.run(`head -c 5 /dev/${disk}`)).toBe('hello');
    },
  );

  test('two SCSI disks share a controller that comes with the first [proves plug block virtio-scsi, unplug block virtio-scsi]', async () => {
    await using guest = await startGuest();
    const { vm, shell, directory } = guest;
    for (const name of ['one', 'two']) {
      await writeFile(join(directory, name), Buffer.alloc(1024 * 1024, name));
      const path = join(directory, name);
      const driver = 'virtio-scsi';
      const { address } = await vm.plug({ kind: 'block', id: name, path, readOnly: name === 'two', driver });
      expect(address.scsiAddress).toBe(name === 'one' ? '0:0' : '0:1');
      const sysfs = `/sys/bus/scsi/devices/*:0:${address.scsiAddress ?? ''}/block`;
      const disk = await shell.until(`ls ${sysfs} 2>/dev/null`);
      expect(await shell.until(`head -c 3 /dev/${disk}`)).toBe(name);
    }
    await vm.unplug('one');
    await shell.until('! test -e /dev/sda');
    expect(await shell.run('cat /sys/block/sdb/ro; head -c 3 /dev/sdb')).toBe('1\ntwo');
  });

  test('a network card is seen with its address, used, unplugged and gone [proves plug network user, unplug network user]', async () => {
    await using guest = await startGuest();
    const { vm, shell } = guest;
    const mac = '02:00:00:00:00:2a';
    const { address } = await vm.plug({ kind: 'network', id: 'net', mac, backend: { kind: 'user' } });
    expect(await shell.until(`cat ${sysfsOf(address.pciPath)}/virtio*/net/*/address`)).toBe(mac);
    const name = await shell.run(`ls ${sysfsOf(address.pciPath)}/virtio*/net`);
    // The hypervisor's own network answers at this address.
    await shell.run(`ip address add 10.0.2.15/24 dev ${name} && ip link set ${name} up`);
    await shell.until('ping -c 1 -W 1 10.0.2.2');
    await vm.unplug('net');
    expect(await shell.run('ls /sys/class/net')).toBe('lo');
  });

  test('cpus are seen and brought online; those of KVM are taken out again, emulated ones stay [proves plug vcpus]', async () => {
    await using guest = await startGuest({ maximumVcpus: 4 });
    const { vm, shell, hypervisor } = guest;
    const { address } = await vm.plug({ kind: 'vcpus', id: 'more', count: 2 });
    expect(address.totalVcpus).toBe(3);
    await shell.until('test -e /sys/devices/system/cpu/cpu2/online');
    await shell.run('for cpu in 1 2; do echo 1 >/sys/devices/system/cpu/cpu$cpu/online; done');
    expect(await shell.run('grep -c ^processor /proc/cpuinfo')).toBe('3');
    await expect(vm.plug({ kind: 'vcpus', id: 'too-many', count: 2 })).rejects.toMatchObject({
      code: 'no_free_slot',
    });
    const verdict = await hypervisor.kvmVerdict();
    if (verdict.usable) {
      await vm.unplug('more', { timeoutMs: 30_000 });
      expect(await shell.run('grep -c ^processor /proc/cpuinfo')).toBe('1');
    } else {
      await expect(vm.unplug('more')).rejects.toMatchObject({ code: 'unsupported' });
      expect(await shell.run('grep -c ^processor /proc/cpuinfo')).toBe('3');
    }
  });

  test('a memory module is seen, brought online, taken out again and gone [proves plug memory, unplug memory]', async () => {
    await using guest = await startGuest({ memoryMib: 256, maximumMemoryMib: 512 });
    const { vm, shell } = guest;
    const blocks = async () => Number(await shell.run('ls -d /sys/devices/system/memory/memory* | wc -l'));
    const before = await blocks();
    const { address } = await vm.plug({ kind: 'memory', id: 'module', sizeMib: 128 });
    const node = `/sys/devices/system/memory/memory${address.physicalAddress / (128n * 1024n * 1024n)}`;
    await shell.until(`test -e ${node}`);
    expect(await blocks()).toBe(before + 1);
    await shell.run(`grep -q online ${node}/state || echo online_movable >${node}/state`);
    expect(await shell.run(`cat ${node}/state`)).toBe('online');
    await vm.unplug('module', { timeoutMs: 30_000 });
    expect(await blocks()).toBe(before);
  });

  test('memory grows and shrinks in place, and stays [proves plug virtio-mem, vm.resizeMemory]', async () => {
    await using guest = await startGuest({ memoryMib: 256, maximumMemoryMib: 1024, sharedMemory: true });
    const { vm, shell } = guest;
    const totalKib = async () => Number(await shell.run("awk '/MemTotal/ {print $2}' /proc/meminfo"));
    await shell.run('echo online_movable >/sys/devices/system/memory/auto_online_blocks');
    const before = await totalKib();
    const device = { kind: 'virtio-mem', id: 'grow', capacityMib: 256 } as const;
    const { address } = await vm.plug(device);
    expect(await shell.run(`cat ${sysfsOf(address.pciPath)}/device`)).toBe('0x1058');
    await vm.resizeMemory('grow', 256, { timeoutMs: 30_000 });
    await shell.until(`test $(awk '/MemTotal/ {print $2}' /proc/meminfo) -ge ${before + 250 * 1024}`);
    await vm.resizeMemory('grow', 0, { timeoutMs: 30_000 });
    expect(await totalKib()).toBeLessThan(before + 4 * 1024);
    await expect(vm.resizeMemory('grow', 260)).rejects.toMatchObject({ code: 'invalid_device' });
    await expect(vm.unplug('grow')).rejects.toMatchObject({ code: 'unsupported' });
    await expect(vm.plug({ ...device, id: 'more', capacityMib: 640 })).rejects.toMatchObject({
      code: 'no_free_slot',
    });
  });

  test('threads of plugged cpus are told, and what the process uses [proves vm.vcpuThreads, vm.usage]', async () => {
    await using guest = await startGuest({ maximumVcpus: 2 });
    const { vm } = guest;
    await vm.plug({ kind: 'vcpus', id: 'more', count: 1 });
    const threads = await vm.vcpuThreads();
    const tasks = await readdir(`/proc/${vm.pids().vmm}/task`);
    expect(threads.map(({ index }) => index)).toEqual([0, 1]);
    expect(tasks).toEqual(expect.arrayContaining(threads.map(({ threadId }) => String(threadId))));
    const usage = await vm.usage();
    expect(usage.threads).toBeGreaterThanOrEqual(tasks.length - 1);
    expect(usage.userSeconds).toBeGreaterThan(0);
    expect(usage.residentBytes).toBeGreaterThan(0);
  });

  test.skipIf(!hasStorageDaemon)(
    'a disk of another process is seen, written, unplugged and gone (skipped without qemu-storage-daemon) [proves plug vhost-user-blk, unplug vhost-user-blk]',
    async () => {
      await using guest = await startGuest({ sharedMemory: true });
      const { vm, shell, directory } = guest;
      const path = join(directory, 'disk.img');
      const socketPath = join(directory, 'disk.sock');
      await writeFile(path, Buffer.alloc(1024 * 1024, 'hello'));
      await using _daemon = await startPeer(socketPath, storageDaemonPath, [
        ...['--blockdev', `driver=file,node-name=disk,filename=${path}`],
        '--export',
        `type=vhost-user-blk,id=export,addr.type=unix,addr.path=${socketPath},node-name=disk,writable=on`,
      ]);
      const { address } = await vm.plug({ kind: 'vhost-user-blk', id: 'data', socketPath });
      expect(await shell.until('test -b /dev/vda && head -c 5 /dev/vda')).toBe('hello');
      expect(await shell.run(`ls ${sysfsOf(address.pciPath)}/virtio*/block`)).toBe('vda');
      await shell.run('printf HELLO | dd of=/dev/vda conv=fsync 2>/dev/null');
      await vm.unplug('data');
      await shell.run('! test -e /dev/vda');
      expect((await readFile(path, 'latin1')).slice(0, 10)).toBe('HELLOhello');
    },
  );

  test('a network card on a tap of the host reaches the host [proves plug network tap, unplug network tap]', async ({
    skip,
  }) => {
    const interfaceName = `hako${process.pid}`;
    const tap = await createTap(interfaceName, '10.77.0.1/24');
    if (tap === undefined) skip('this host lets nobody create a tap');
    await using _owned = tap;
    await using guest = await startGuest();
    const { vm, shell } = guest;
    const mac = '02:00:00:00:00:2b';
    const backend = { kind: 'tap', interfaceName } as const;
    const { address } = await vm.plug({ kind: 'network', id: 'net', mac, backend });
    const name = await shell.until(`ls ${sysfsOf(address.pciPath)}/virtio*/net`);
    await shell.run(`ip address add 10.77.0.2/24 dev ${name} && ip link set ${name} up`);
    await shell.until('ping -c 1 -W 1 10.77.0.1');
    await vm.unplug('net');
  });

  test('a host function that is missing is refused by QEMU for that reason, and leaves nothing', async () => {
    await using guest = await startGuest();
    const { vm } = guest;
    const host = { kind: 'pci', address: 'ffff:ff:1f.7' } as const;
    await expect(vm.plug({ kind: 'vfio', id: 'gpu', host })).rejects.toThrow(/no such host device/);
    expect(vm.pluggedDevices).toEqual([]);
  });

  test('a machine with balloon and room to grow boots and has its balloon', async () => {
    await using guest = await startGuest({
      balloon: true,
      maximumVcpus: 4,
      cpuTopology: { sockets: 1, cores: 2, threads: 2 },
    });
    expect(await guest.shell.run('cat /sys/bus/virtio/devices/*/device')).toContain('0x0005');
  });

  test('a device that cannot be made leaves nothing behind, neither in QEMU nor in the books', async () => {
    await using guest = await startGuest({ sharedMemory: true });
    const { vm, directory } = guest;
    const socketPath = join(directory, 'nobody.sock');
    const plug = () => vm.plug({ kind: 'virtio-fs', id: 'share', tag: 'hako', socketPath });
    await expect(plug()).rejects.toMatchObject({ code: 'monitor_failed' });
    await expect(plug()).rejects.toThrow(/Failed to connect/);
    expect(vm.pluggedDevices).toEqual([]);
  });

  test('an unplug of a paused guest is refused, and one of a guest that keeps silent ends in time', async () => {
    await using guest = await startGuest({ kernelParameters: ['hako.test=shell', 'acpiphp.disable=1'] });
    const { vm, directory } = guest;
    const path = join(directory, 'initrd.cpio');
    await vm.plug({ kind: 'block', id: 'data', path, readOnly: true });
    await expect(vm.unplug('data', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'timeout' });
    await expect(vm.plug({ kind: 'block', id: 'data', path, readOnly: true })).rejects.toMatchObject({
      code: 'device_exists',
    });
    expect(vm.pluggedDevices).toHaveLength(1);
    await vm.pause();
    await expect(vm.unplug('data')).rejects.toMatchObject({ code: 'invalid_state' });
  });
});
