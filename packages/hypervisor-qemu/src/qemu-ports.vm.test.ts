// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deleteDevice } from './hotplug/delete-device.ts';
import { deviceStep } from './hotplug/device-step.ts';
import { PciSlots } from './hotplug/pci-slots.ts';
import { createQemuSubject } from './testing/qemu-subject.ts';
import { secondMonitor } from './testing/second-monitor.ts';
import { startGuest } from './testing/start-guest.ts';
import { sysfsOf } from './testing/sysfs-path.ts';
import { findTestKernel } from './testing/test-guest.ts';

const hasKernel = (await findTestKernel()) !== undefined;
const bytesPerMib = 1024 * 1024;
const pciePorts = { root: 3, switch: 2 };
/** Bridges of the machine: these ports, the port of the switch, its upper end, and the bridge of all other devices. */
const bridges = pciePorts.root + pciePorts.switch + 3;
/** Of an x86-64 core file, see elf(5). */
const elf = { magic: '\x7fELF', core: 4, x86: 62, loadable: 1 };

/** Bytes of memory that a core file holds. */
function bytesOfCore(core: Buffer): number {
  expect(core.toString('latin1', 0, 4)).toBe(elf.magic);
  expect([core.readUInt16LE(16), core.readUInt16LE(18)]).toEqual([elf.core, elf.x86]);
  const table = Number(core.readBigUInt64LE(32));
  const [entryBytes, entries] = [core.readUInt16LE(54), core.readUInt16LE(56)];
  return Array.from({ length: entries }, (_, index) => table + index * entryBytes)
    .filter((at) => core.readUInt32LE(at) === elf.loadable)
    .reduce((sum, at) => sum + Number(core.readBigUInt64LE(at + 32)), 0);
}

describe.skipIf(!hasKernel)('a real guest (skipped if no test kernel is prepared)', () => {
  test('takes devices at its ports, and leaves its memory when it says that it panics [proves root ports, switch ports, memory dump]', async () => {
    await using monitor = await secondMonitor();
    await using subject = await createQemuSubject('shell', { qemuPath: monitor.qemuPath });
    const memoryDump = { directory: join(subject.directory, 'dumps') };
    await using guest = await startGuest({ accelerator: 'tcg', pciePorts, memoryDump }, subject);
    const { vm, shell } = guest;

    expect(await shell.run('cat /sys/bus/pci/devices/*/class | grep -c ^0x0604')).toBe(String(bridges));
    using qmp = await monitor.connect();
    const slots = new PciSlots('bridge', pciePorts);
    for (const port of ['root-port', 'root-port', 'switch-port', 'switch-port'] as const) {
      const slot = slots.take(port);
      const { bus, addr } = slot;
      const card = deviceStep(qmp, { driver: 'virtio-net-pci', id: 'card', bus, addr, romfile: '' });
      await card.apply({});
      expect(await shell.until(`cat ${sysfsOf(slot.pciPath)}/virtio*/net/*/address`)).toMatch(/^52:54:/);
      await card.revert({ timeoutMs: 30_000 });
      await shell.run(`! test -e ${sysfsOf(slot.pciPath)}`);
    }
    // Host devices have registers far larger than what a bridge is given at boot.
    const slot = slots.take('root-port');
    const large = { driver: 'pci-testdev', id: 'large', bus: slot.bus, membar: '64M' };
    await qmp.execute('device_add', large);
    const register = await shell.until(`sed -n 3p ${sysfsOf(slot.pciPath)}/resource | grep -v '^0x0* '`);
    const [first = '', last = ''] = register.split(' ');
    expect(BigInt(last) - BigInt(first) + 1n).toBe(64n << 20n);
    await deleteDevice(qmp, 'large', { timeoutMs: 30_000 });

    const host = { kind: 'pci', address: 'ffff:ff:1f.7' } as const;
    for (const port of ['root-port', 'switch-port'] as const)
      await expect(vm.plug({ kind: 'vfio', id: 'gpu', host, port })).rejects.toThrow(/no such host device/);

    await shell.run('needle=memory; echo hako-$needle-needle >/needle');
    for (const module of ['pvpanic', 'pvpanic-mmio']) await shell.run(`insmod /modules/${module}.ko`);
    // It never answers.
    shell.run('echo c >/proc/sysrq-trigger').catch(() => undefined);
    const exit = await vm.exited;
    expect(exit).toMatchObject({ reason: 'guest_panicked', exitCode: 0 });
    const { memoryDumpPath = '' } = exit;
    const core = await readFile(memoryDumpPath);
    expect(bytesOfCore(core)).toBeGreaterThanOrEqual(subject.config.memoryMib * bytesPerMib);
    expect(core.includes('hako-memory-needle')).toBe(true);
    expect((await readdir(dirname(memoryDumpPath))).toSorted()).toEqual([
      'hypervisor.conf',
      'hypervisor.version',
      'state',
      expect.stringMatching(/^vmcore-[\dT.]+Z\.elf$/),
    ]);
    expect(await readdir(subject.config.runDir)).toEqual(['console.log']);
  });

  test('ends as ever with a place for its memory, if it does not panic or has no driver yet', async () => {
    for (const { job, reason } of [
      { job: 'power-off', reason: 'guest_shutdown' },
      { job: 'panic', reason: 'guest_panicked' },
    ]) {
      await using subject = await createQemuSubject(job);
      const memoryDump = { directory: join(subject.directory, 'dumps') };
      await using vm = await subject.hypervisor.createVm({ ...subject.config, memoryDump });
      await vm.start();
      const exit = await vm.exited;
      expect(exit).toMatchObject({ reason });
      expect(exit).not.toHaveProperty('memoryDumpPath');
    }
  });

  test.for([
    {
      what: 'a dump',
      machine: 'microvm',
      change: { memoryDump: { directory: '/x' } },
      operand: 'memoryDump',
    },
    { what: 'ports', machine: 'microvm', change: { pciePorts: { root: 1 } }, operand: 'pciePorts' },
  ] as const)('is refused $what on a $machine', async ({ machine, change, operand }) => {
    await using subject = await createQemuSubject('silent', { machine });
    const created = subject.hypervisor.createVm({ ...subject.config, ...change });
    await expect(created).rejects.toMatchObject({ code: 'unsupported', operand });
  });
});
