// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { giveBackFunction, planFunction, takeFunction } from './vfio-function.ts';

const pciAddress = '0000:3b:00.0';

/** The files of sysfs that a function has. They only keep what is written: nothing answers as the kernel does. */
async function fakeSysfs({ driver, hasGroup = true }: { driver?: string; hasGroup?: boolean }) {
  const directory = await temporaryDirectory();
  const { path } = directory;
  const device = join(path, 'bus/pci/devices', pciAddress);
  const drivers = join(path, 'bus/pci/drivers');
  await mkdir(device, { recursive: true });
  for (const name of ['ixgbe', 'vfio-pci']) await mkdir(join(drivers, name), { recursive: true });
  await writeFile(join(device, 'driver_override'), '(null)\n');
  if (hasGroup) await symlink('../../../../kernel/iommu_groups/7', join(device, 'iommu_group'));
  const bind = async (name: string): Promise<void> => {
    await rm(join(device, 'driver'), { force: true });
    await symlink(`../../drivers/${name}`, join(device, 'driver'));
  };
  if (driver !== undefined) await bind(driver);
  const read = (file: string): Promise<string> => readFile(join(path, file), 'utf8').catch(() => '');
  return {
    path,
    bind,
    async written() {
      return {
        override: await read(`bus/pci/devices/${pciAddress}/driver_override`),
        unbound: [await read('bus/pci/drivers/ixgbe/unbind'), await read('bus/pci/drivers/vfio-pci/unbind')],
        probed: await read('bus/pci/drivers_probe'),
      };
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test('a function is taken from its driver and given to vfio-pci [proves endpoint physical, endpoint vfio]', async () => {
  await using sysfs = await fakeSysfs({ driver: 'ixgbe' });
  const change = await planFunction('eth0', pciAddress, sysfs.path);
  expect(change).toEqual({ kind: 'vfio', pciAddress, driver: 'ixgbe' });
  expect(await sysfs.written()).toEqual({ override: '(null)\n', unbound: ['', ''], probed: '' });
  await expect(takeFunction(change, sysfs.path)).rejects.toMatchObject({
    code: 'network_failed',
    message: `device ${pciAddress} was not taken by vfio-pci`,
    remedy: 'load it with `modprobe vfio-pci`',
  });
  expect(await sysfs.written()).toEqual({
    override: 'vfio-pci',
    unbound: [pciAddress, ''],
    probed: pciAddress,
  });
  await sysfs.bind('vfio-pci');
  await takeFunction(change, sysfs.path);
});

test('a function is given back to the driver it had, and the kernel chooses from then on', async () => {
  await using sysfs = await fakeSysfs({ driver: 'ixgbe' });
  const change = await planFunction('eth0', pciAddress, sysfs.path);
  await takeFunction(change, sysfs.path).catch(() => undefined);
  await sysfs.bind('vfio-pci');
  await giveBackFunction(change, sysfs.path);
  expect(await sysfs.written()).toEqual({
    override: '\n',
    unbound: [pciAddress, pciAddress],
    probed: pciAddress,
  });
});

test('a function without a driver is taken all the same, and has none afterwards', async () => {
  await using sysfs = await fakeSysfs({});
  const change = await planFunction('eth0', pciAddress, sysfs.path);
  expect(change).toEqual({ kind: 'vfio', pciAddress });
  await takeFunction(change, sysfs.path).catch(() => undefined);
  await sysfs.bind('vfio-pci');
  await giveBackFunction(change, sysfs.path);
  expect(await sysfs.written()).toMatchObject({ override: '\n', unbound: ['', pciAddress] });
});

test('a function that was never taken is left alone', async () => {
  await using sysfs = await fakeSysfs({ driver: 'ixgbe' });
  const change = await planFunction('eth0', pciAddress, sysfs.path);
  await giveBackFunction(change, sysfs.path);
  expect(await sysfs.written()).toEqual({ override: '(null)\n', unbound: ['', ''], probed: '' });
});

test('without an IOMMU no function can be had, and it is said what to do', async () => {
  await using sysfs = await fakeSysfs({ driver: 'ixgbe', hasGroup: false });
  await expect(planFunction('eth0', pciAddress, sysfs.path)).rejects.toMatchObject({
    code: 'network_failed',
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    message: expect.stringMatching(
      /link eth0 is a device of the host \(0000:3b:00\.0\) that no IOMMU guards/,
    ),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    remedy: expect.stringMatching(/intel_iommu=on/),
  });
});
