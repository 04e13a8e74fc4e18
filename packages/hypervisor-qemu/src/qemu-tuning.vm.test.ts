// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { persistentImage } from './testing/persistent-image.ts';
import { createQemuSubject } from './testing/qemu-subject.ts';
import { startGuest } from './testing/start-guest.ts';
import { findTestKernel } from './testing/test-guest.ts';

const hasKernel = (await findTestKernel()) !== undefined;
const hasErofs = !(await execa('mkfs.erofs', ['--help'], { reject: false })).failed;
const reservePath = '/proc/sys/vm/nr_hugepages';
const bytesPerMib = 1024 * 1024;

/** An erofs image with one file, as persistent memory holds it. */
async function makeImage(directory: string): Promise<string> {
  const path = join(directory, 'root.erofs');
  const tree = join(directory, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'greeting'), 'from-image');
  await execa('mkfs.erofs', ['--quiet', path, tree]);
  await writeFile(path, persistentImage(await readFile(path)));
  return path;
}

/** Huge pages of the host for a moment, or undefined where it gives none. */
async function reserveHugePages(count: number): Promise<AsyncDisposable | undefined> {
  const before = await readFile(reservePath, 'utf8');
  const wanted = Number(before) + count;
  await writeFile(reservePath, String(wanted)).catch(() => undefined);
  const release = { [Symbol.asyncDispose]: () => writeFile(reservePath, before).catch(() => undefined) };
  if (Number(await readFile(reservePath, 'utf8')) >= wanted) return release;
  await release[Symbol.asyncDispose]();
  return undefined;
}

/** Bytes of a process's memory that are of a kind. */
async function memoryOf(pid: number, name: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
}

describe.skipIf(!hasKernel)('a tuned machine (skipped if no test kernel is prepared)', () => {
  test.skipIf(!hasErofs)(
    'reads its root image as persistent memory, without a copy (skipped without mkfs.erofs) [proves root nvdimm]',
    async () => {
      await using subject = await createQemuSubject('shell');
      const path = await makeImage(subject.directory);
      const rootImage = { path, format: 'raw', fstype: 'erofs', attachment: 'nvdimm' } as const;
      await using guest = await startGuest({ rootImage }, subject);
      const { shell } = guest;
      expect(await shell.run('cat /proc/cmdline')).toContain(
        'root=/dev/pmem0 rootflags=dax rootfstype=erofs ro',
      );
      for (const module of ['libnvdimm', 'nd_btt', 'nd_pmem', 'nfit', 'libcrc32c', 'erofs'])
        await shell.run(`insmod /modules/${module}.ko`);
      await shell.until('test -b /dev/pmem0');
      await shell.run('mkdir /image && mount -t erofs -o ro,dax /dev/pmem0 /image');
      expect(await shell.run('cat /image/greeting')).toBe('from-image');
      expect(await shell.run('grep /image /proc/mounts')).toMatch(/dax/);
      expect(await shell.run('cat /sys/block/pmem0/ro')).toBe('1');
    },
  );

  test('has an iommu, a thread for disks, a balloon, features and options as it is told [proves iommu, disk thread, balloon, cpu features, machine options, entropy source]', async () => {
    await using subject = await createQemuSubject('shell');
    const disk = { kind: 'block', id: 'data', path: subject.config.kernelPath, readOnly: true } as const;
    await using guest = await startGuest(
      {
        balloon: true,
        devices: [disk],
        tuning: {
          iommu: true,
          diskThread: true,
          machineOptions: ['hpet=off'],
          cpuFeatures: ['-abm'],
          entropySource: '/dev/random',
        },
      },
      subject,
    );
    const { vm, shell } = guest;
    expect(await shell.run('ls /sys/class/iommu')).toBe('dmar0');
    expect(await shell.run('grep -c abm /proc/cpuinfo || true')).toBe('0');
    expect(await shell.run('cat /sys/bus/virtio/devices/*/device')).toContain('0x0005');
    await shell.run('insmod /modules/virtio-rng.ko && head -c 16 /dev/hwrng | wc -c');
    expect(await shell.until('test -b /dev/vda && head -c 4 /dev/vda | tail -c 3')).toBe('ELF');
    await vm.plug({ ...disk, id: 'more' });
    expect(await shell.until('test -b /dev/vdb && head -c 4 /dev/vdb | tail -c 3')).toBe('ELF');
    await vm.unplug('more');
  });

  test('has its memory in a directory, all at once, and in two nodes with a CPU each [proves memory directory, preallocated memory, numa nodes]', async () => {
    await using subject = await createQemuSubject('shell');
    const tuning = { memoryDirectory: '/dev/shm', preallocateMemory: true };
    // Any host has a first node.
    const node = { vcpus: 1, hostNodes: [0] };
    const numaNodes = [
      { ...node, memoryMib: 160, distances: [10, 21] },
      { ...node, memoryMib: 96, distances: [22, 10] },
    ];
    const config = { ...subject.config, sharedMemory: true, tuning, vcpus: 2, memoryMib: 256, numaNodes };
    expect(await subject.hypervisor.snapshotSupport(config)).toBeUndefined();
    await using guest = await startGuest(config, subject);
    const { vm, shell } = guest;
    const maps = await readFile(`/proc/${vm.pids().vmm}/maps`, 'utf8');
    expect(maps.match(/\/dev\/shm\/.*\(deleted\)/g)).toHaveLength(2);
    expect(await memoryOf(vm.pids().vmm, 'Rss')).toBeGreaterThan(config.memoryMib * bytesPerMib);
    await expect(vm.save(join(subject.directory, 'saved'))).rejects.toMatchObject({ code: 'unsupported' });

    const seen = await shell.run('cd /sys/devices/system/node; cat online node*/cpulist node*/distance');
    expect(seen.split('\n')).toEqual(['0-1', '0', '1', '10 21', '22 10']);
    const sizes = await shell.run(
      "sed -n 's/.*MemTotal: *\\([0-9]*\\) kB/\\1/p' /sys/devices/system/node/node*/meminfo",
    );
    const [first = 0, second = 0] = sizes.split('\n').map((kib) => Number(kib) / 1024);
    expect(second).toBeGreaterThan(80);
    expect(second).toBeLessThanOrEqual(96);
    expect(first).toBeGreaterThan(second);
    const policies = await readFile(`/proc/${vm.pids().vmm}/numa_maps`, 'utf8');
    expect(policies.match(/ bind:0 file=\/dev\/shm\//g)).toHaveLength(2);
  });

  test('has its memory in huge pages [proves huge pages]', async ({ skip }) => {
    await using subject = await createQemuSubject('shell');
    const { memoryMib } = subject.config;
    const reserve = await reserveHugePages(memoryMib / 2);
    if (reserve === undefined) skip('this host gives no huge pages');
    await using _reserve = reserve;
    await using guest = await startGuest({ sharedMemory: true, tuning: { hugePages: true } }, subject);
    const { vm, shell } = guest;
    expect(await shell.run('grep -c MemTotal /proc/meminfo')).toBe('1');
    expect(await memoryOf(vm.pids().vmm, 'Private_Hugetlb')).toBeGreaterThan(16 * bytesPerMib);
  });

  test.for([
    { what: 'an iommu', machine: 'microvm', change: { tuning: { iommu: true } }, operand: 'tuning.iommu' },
    {
      what: 'numa nodes',
      machine: 'microvm',
      change: { numaNodes: [{ vcpus: 1, memoryMib: 128, hostNodes: [0], distances: [10] }] },
      operand: 'numaNodes',
    },
    {
      what: 'persistent memory',
      machine: 'microvm',
      change: { rootImage: { path: '/bin/sh', format: 'raw', fstype: 'erofs', attachment: 'nvdimm' } },
      operand: 'rootImage.attachment',
    },
  ] as const)('is refused $what on a $machine', async ({ machine, change, operand }) => {
    await using subject = await createQemuSubject('silent', { machine });
    const created = subject.hypervisor.createVm({ ...subject.config, ...change });
    await expect(created).rejects.toMatchObject({ code: 'unsupported', operand });
  });

  test('is refused an image that does not fill its last piece', async () => {
    await using subject = await createQemuSubject('silent');
    const rootImage = { path: '/bin/sh', format: 'raw', fstype: 'erofs', attachment: 'nvdimm' } as const;
    const created = subject.hypervisor.createVm({ ...subject.config, rootImage });
    await expect(created).rejects.toMatchObject({ code: 'invalid_config', operand: 'rootImage' });
  });

  test('tells what QEMU does not know of its options', async () => {
    await using subject = await createQemuSubject('silent');
    const tuning = { machineOptions: ['no-such-option=on'] };
    await using vm = await subject.hypervisor.createVm({ ...subject.config, tuning });
    await expect(vm.start()).rejects.toMatchObject({
      code: 'vmm_exited',
      stderrTail: expect.stringContaining('no-such-option') as unknown,
    });
  });
});
