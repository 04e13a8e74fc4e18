// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ProgramRequest, ProgramRunner } from '../system/program-runner.ts';
import { createFakeDevices } from '../testing/fake-devices.ts';
import { createDriverLoader } from './missing-drivers.ts';

const nic = 'virtio:d00000001v00001AF4';
const ended = { exitCode: 1, signal: null, stdout: '', stderr: '', timedOut: false };

/** A tree without devices, and what is run because of it. */
async function start(runProgram: ProgramRunner = () => Promise.resolve(ended)) {
  const dir = await mkdtemp(join(tmpdir(), 'hako-drivers-'));
  const runs: ProgramRequest[] = [];
  const warnings: object[] = [];
  const note = () => undefined;
  const loadDrivers = createDriverLoader({
    tree: { sysDir: dir, devDir: dir },
    logger: { debug: note, info: note, error: note, warn: (fields) => void warnings.push(fields) },
    runProgram: (request) => {
      runs.push(request);
      return runProgram(request);
    },
  });
  return {
    loadDrivers,
    runs,
    warnings,
    async add(bus: string, name: string, modalias: string, driver?: string) {
      const device = join(dir, 'bus', bus, 'devices', name);
      await mkdir(device, { recursive: true });
      await writeFile(join(device, 'modalias'), `${modalias}\n`);
      if (driver !== undefined) await symlink(join('../../drivers', driver), join(device, 'driver'));
    },
    override: (name: string, driver: string) =>
      writeFile(join(dir, 'bus/pci/devices', name, 'driver_override'), `${driver}\n`),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}

test('modules are loaded for devices without driver, by one program', async () => {
  await using machine = await start();
  await machine.add('virtio', 'virtio0', 'virtio:d00000002v00001AF4', 'virtio_blk');
  await machine.add('virtio', 'virtio1', nic);
  await machine.add('virtio', 'virtio2', nic);
  await machine.add('pci', '0000:00:1f.0', 'pci:v00008086d00002918');
  await machine.add('pci', '0000:00:02.0', '-r');
  expect(await machine.loadDrivers()).toBe(true);
  expect(machine.runs).toMatchObject([
    { file: '/sbin/modprobe', args: ['-q', '-a', 'pci:v00008086d00002918', nic] },
  ]);
});

test('disks, persistent memory and what somebody has chosen a driver for are seen to', async () => {
  await using machine = await start();
  await machine.add('scsi', '0:0:0:1', 'scsi:t-0x00');
  await machine.add('acpi', 'ACPI0012:00', 'acpi:ACPI0012:');
  await machine.add('acpi', 'PNP0C0C:00', 'acpi:PNP0C0C:');
  await machine.add('nd', 'namespace0.0', 'nd:t4');
  await machine.add('pci', '0000:00:05.0', 'pci:v00001AF4d00001041');
  await machine.add('pci', '0000:00:06.0', 'pci:v00001AF4d00001042');
  await machine.override('0000:00:05.0', 'vfio-pci');
  await machine.override('0000:00:06.0', '(null)');
  await machine.loadDrivers();
  expect(machine.runs.map(({ args }) => args.slice(2))).toEqual([
    ['vfio-pci', 'pci:v00001AF4d00001042', 'scsi:t-0x00', 'acpi:ACPI0012:', 'nd:t4'],
  ]);
});

test('what has been tried is not tried again; what is new is', async () => {
  await using machine = await start();
  await machine.add('pci', '0000:00:00.0', 'pci:v00008086d000029C0');
  expect(await machine.loadDrivers()).toBe(true);
  expect(await machine.loadDrivers()).toBe(false);
  await machine.add('virtio', 'virtio1', nic);
  expect(await machine.loadDrivers()).toBe(true);
  expect(machine.runs.map(({ args }) => args.slice(2))).toEqual([['pci:v00008086d000029C0'], [nic]]);
});

test('callers at the same time share one run', async () => {
  await using machine = await start();
  await machine.add('virtio', 'virtio1', nic);
  expect(await Promise.all([machine.loadDrivers(), machine.loadDrivers()])).toEqual([true, true]);
  expect(machine.runs).toHaveLength(1);
});

test('a machine without such buses has nothing to load', async () => {
  await using machine = await start();
  expect(await machine.loadDrivers()).toBe(false);
  expect(machine.runs).toEqual([]);
});

test('a program that cannot be run is a warning', async () => {
  await using machine = await start(() => Promise.reject(new Error('no modprobe')));
  await machine.add('virtio', 'virtio1', nic);
  expect(await machine.loadDrivers()).toBe(true);
  expect(machine.warnings).toEqual([{ error: new Error('no modprobe') }]);
});

test('a wait for a device looks again when drivers have been loaded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hako-drivers-'));
  await using _remove = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
  const devices = createFakeDevices(dir, { timeoutMs: 10_000 });
  let loads = 0;
  devices.load = async () => {
    loads += 1;
    if (loads > 1) return false;
    await mkdir(join(dir, 'sys/devices/pci0000:00/0000:00:05.0/virtio3/net/eth0'), { recursive: true });
    return true;
  };
  expect(await devices.waitForNetDevice('05')).toBe('eth0');
  expect(loads).toBe(1);
});

test('a device without driver wakes every wait', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hako-drivers-'));
  await using _remove = { [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
  const devices = createFakeDevices(dir, { timeoutMs: 10_000 });
  let isPlugged = false;
  devices.load = async () => {
    if (!isPlugged) return false;
    isPlugged = false;
    await mkdir(join(dir, 'sys/devices/pci0000:00/0000:00:05.0/virtio3/net/eth0'), { recursive: true });
    return true;
  };
  const wait = devices.waitForNetDevice('05');
  await expect.poll(() => devices.listeners).toBe(1);
  isPlugged = true;
  await devices.appear('virtio', {}, { MODALIAS: nic });
  expect(await wait).toBe('eth0');
});
