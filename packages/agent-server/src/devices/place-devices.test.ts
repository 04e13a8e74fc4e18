// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { OciDevice, OciSpec } from '@hako/protocols';
import { Device, type DeepPartial } from '@hako/protocols/agent';
import { describe, expect, test } from 'vitest';
import { defaultOptions } from '../config/agent-options.ts';
import { createAgentPaths } from '../paths/agent-paths.ts';
import { createFakeDevices } from '../testing/fake-devices.ts';
import { deviceDrivers } from './device-drivers.ts';
import { placeDevices } from './place-devices.ts';

const neverAborted = new AbortController().signal;

function specOf(devices: readonly OciDevice[], env: readonly string[] = []): OciSpec {
  return { ociVersion: '1.0.2', process: { cwd: '/', env: [...env] }, linux: { devices: [...devices] } };
}

/** A machine of files. A text that begins with `->` makes a link. */
async function startMachine(files: Readonly<Record<string, string>>, { arch = 'x64', timeoutMs = 20 } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'hako-place-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    if (text.startsWith('->')) await symlink(text.slice(2), join(dir, path));
    else await writeFile(join(dir, path), text);
  }
  const warnings: string[] = [];
  const note = () => undefined;
  const logger = {
    debug: note,
    info: note,
    error: note,
    warn: (_fields: object, message: string) => void warnings.push(message),
  };
  const devices = createFakeDevices(dir, { logger, arch, timeoutMs });
  return {
    dir,
    devices,
    warnings,
    place: (spec: OciSpec, requested: readonly DeepPartial<Device>[], signal = neverAborted) => {
      const list = requested.map((device) => Device.fromPartial(device));
      const components = {
        devices,
        deviceDrivers,
        logger,
        options: defaultOptions(),
        paths: createAgentPaths({ runDir: dir }),
      };
      return placeDevices(components, spec, list, signal);
    },
    text: (path: string) => readFile(join(dir, path), 'utf8'),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}

describe('disks', () => {
  const virtio = 'sys/devices/pci0000:00/0000:00:05.0/virtio3/block/vda/dev';
  test.each([
    { type: 'blk', id: '05', arch: 'x64', files: { [virtio]: '254:0', 'dev/vda': '' } },
    {
      type: 'scsi',
      id: '0:3',
      arch: 'x64',
      files: {
        'sys/class/scsi_host/host0/scan': '',
        'sys/bus/scsi/devices/0:0:0:3/block/vda/dev': '254:0',
        'dev/vda': '',
      },
    },
    {
      type: 'mmioblk',
      vmPath: '/dev/vda',
      arch: 'x64',
      files: { 'sys/class/block/vda/dev': '254:0', 'dev/vda': '' },
    },
    {
      type: 'nvdimm',
      vmPath: '/dev/pmem0',
      arch: 'x64',
      files: { 'sys/class/block/pmem0/dev': '254:0', 'dev/pmem0': '' },
    },
    {
      type: 'blk-ccw',
      id: '0.0.0005',
      arch: 's390x',
      files: { 'sys/devices/css0/0.0.0001/0.0.0005/virtio1/block/vda/dev': '254:0', 'dev/vda': '' },
    },
  ])('$type gets its numbers in the guest', async ({ files, arch, ...device }) => {
    await using machine = await startMachine(files, { arch });
    const { spec } = await machine.place(specOf([{ path: '/dev/x', type: 'b', major: 8, minor: 0 }]), [
      { ...device, containerPath: '/dev/x' },
    ]);
    expect(spec.linux).toEqual({
      devices: [{ path: '/dev/x', type: 'b', major: 254, minor: 0 }],
      resources: { devices: [{ allow: true, type: 'b', major: 254, minor: 0, access: 'rwm' }] },
    });
  });

  test.each([
    { title: 'never comes', device: { type: 'blk', id: '05' }, code: 'timed_out' },
    { title: 'has a bad address', device: { type: 'blk', id: '../05' }, code: 'invalid_request' },
    {
      title: 'has the path of something else',
      device: { type: 'mmioblk', vmPath: '/etc/passwd' },
      code: 'invalid_request',
    },
    { title: 'is of another architecture', device: { type: 'blk-ccw', id: '0.0.5' }, code: 'device_failed' },
  ])('one that $title fails the request', async ({ device, code }) => {
    await using machine = await startMachine({});
    const spec = specOf([{ path: '/dev/x', type: 'b', major: 8, minor: 0 }]);
    await expect(machine.place(spec, [{ ...device, containerPath: '/dev/x' }])).rejects.toMatchObject({
      code,
    });
  });

  test('the first that fails ends the waits for the others', async () => {
    await using machine = await startMachine({}, { timeoutMs: 60_000 });
    const spec = specOf([]);
    const devices = [
      { type: 'blk', id: '05', containerPath: '/dev/x' },
      { type: 'blk', id: 'zz', containerPath: '/dev/y' },
    ];
    await expect(machine.place(spec, devices)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect.poll(() => machine.devices.listeners).toBe(0);
  });

  test('waiting ends with the caller', async () => {
    await using machine = await startMachine({}, { timeoutMs: 60_000 });
    const abort = new AbortController();
    const placing = machine.place(
      specOf([]),
      [{ type: 'blk', id: '05', containerPath: '/dev/x' }],
      abort.signal,
    );
    abort.abort(new Error('gone'));
    await expect(placing).rejects.toThrow('gone');
  });
});

const nic = 'sys/devices/pci0000:00/0000:00:06.0';
const second = 'sys/devices/pci0000:00/0000:00:06.1';
const passed = {
  [`${nic}/driver_override`]: '(null)',
  [`${nic}/driver`]: '->../../../bus/pci/drivers/mlx5_core',
  [`${nic}/iommu_group`]: '->../../../kernel/iommu_groups/7',
  'sys/bus/pci/drivers/mlx5_core/unbind': '',
  'sys/bus/pci/drivers/vfio-pci/unbind': '',
  'sys/bus/pci/drivers_probe': '',
};
const group = { 'sys/devices/virtual/vfio/7/dev': '240:3', 'dev/vfio/7': '' };
const hostDevice: OciDevice = { path: '/dev/vfio/12', type: 'c', major: 241, minor: 9 };
const vfio = { type: 'vfio-pci', id: 'nic0', containerPath: '/dev/vfio/12', options: ['0000:3b:02.1=06'] };

describe('VFIO devices', () => {
  test('are taken from their driver and given to the container under their group', async () => {
    await using machine = await startMachine({ ...passed, ...group });
    const { spec, pciAddresses } = await machine.place(
      specOf(
        [hostDevice],
        [
          'PATH=/bin',
          'PCIDEVICE_NET=0000:3B:02.1,0000:99:00.0',
          'PCIDEVICE_NET_INFO={"0000:3b:02.1":{"deviceID":"0000:3b:02.1"}}',
          'OTHER=0000:3b:02.1',
        ],
      ),
      [vfio],
    );
    expect(await machine.text(`${nic}/driver_override`)).toMatch(/^vfio-pci/);
    expect(await machine.text('sys/bus/pci/drivers/mlx5_core/unbind')).toBe('0000:00:06.0');
    expect(await machine.text('sys/bus/pci/drivers_probe')).toBe('0000:00:06.0');
    expect(spec.linux?.devices).toEqual([{ path: '/dev/vfio/7', type: 'c', major: 240, minor: 3 }]);
    expect(spec.linux?.resources?.devices).toEqual([
      { allow: true, type: 'c', major: 240, minor: 3, access: 'rwm' },
    ]);
    expect([...pciAddresses]).toEqual([['0000:3b:02.1', '0000:00:06.0']]);
    expect(spec.process?.env).toEqual([
      'PATH=/bin',
      'PCIDEVICE_NET=0000:00:06.0,0000:99:00.0',
      'PCIDEVICE_NET_INFO={"0000:00:06.0":{"deviceID":"0000:00:06.0"}}',
      'OTHER=0000:3b:02.1',
    ]);
  });

  test('that VFIO drives already are left there', async () => {
    const bound = { ...passed, ...group, [`${nic}/driver`]: '->../../../bus/pci/drivers/vfio-pci' };
    await using machine = await startMachine(bound);
    await machine.place(specOf([hostDevice]), [vfio]);
    expect(await machine.text('sys/bus/pci/drivers_probe')).toBe('');
  });

  test('come when they come, and their group after them', async () => {
    await using machine = await startMachine({ 'sys/bus/pci/drivers_probe': '' }, { timeoutMs: 10_000 });
    const { devices, dir } = machine;
    await mkdir(join(dir, nic), { recursive: true });
    await symlink('../7', join(dir, nic, 'iommu_group'));
    await writeFile(join(dir, nic, 'driver_override'), '');
    const placing = machine.place(specOf([hostDevice]), [vfio]);
    await expect.poll(() => machine.text('sys/bus/pci/drivers_probe')).toBe('0000:00:06.0');
    await devices.appear('vfio', group);
    expect((await placing).spec.linux?.devices?.[0]).toMatchObject({ path: '/dev/vfio/7', major: 240 });
  });

  test('of the guest kernel leave the specification alone, but for addresses and InfiniBand', async () => {
    await using machine = await startMachine({
      ...passed,
      'dev/infiniband/uverbs0': '->/dev/null',
      'dev/infiniband/issm0': '->/dev/zero',
    });
    const { spec, pciAddresses } = await machine.place(specOf([], ['PCIDEVICE_X=0000:3b:02.1']), [
      { ...vfio, type: 'vfio-pci-gk' },
    ]);
    expect(await machine.text(`${nic}/driver_override`)).toBe('(null)');
    expect(spec.process?.env).toEqual(['PCIDEVICE_X=0000:00:06.0']);
    expect(pciAddresses.size).toBe(1);
    expect(spec.linux?.devices).toEqual([
      { path: '/dev/infiniband/issm0', type: 'c', major: 1, minor: 5 },
      { path: '/dev/infiniband/uverbs0', type: 'c', major: 1, minor: 3 },
    ]);
    expect(spec.linux?.resources?.devices).toHaveLength(2);
  });

  test('without a path in the guest are skipped with a warning', async () => {
    await using machine = await startMachine({});
    const { pciAddresses } = await machine.place(specOf([]), [
      { ...vfio, type: 'vfio-pci-gk', options: ['0000:3b:02.1='] },
    ]);
    expect(pciAddresses.size).toBe(0);
    expect(machine.warnings).toEqual(['a VFIO device has no path in the guest']);
  });

  test('exchange addresses at once', async () => {
    await using machine = await startMachine({ [`${nic}/x`]: '', [`${second}/x`]: '' });
    const options = ['0000:00:06.1=06', '0000:00:06.0=06.1'];
    const { spec } = await machine.place(specOf([], ['PCIDEVICE_X=0000:00:06.0,0000:00:06.1']), [
      { ...vfio, type: 'vfio-pci-gk', options },
    ]);
    expect(spec.process?.env).toEqual(['PCIDEVICE_X=0000:00:06.1,0000:00:06.0']);
  });

  const gk = 'vfio-pci-gk';
  test.each([
    { title: 'without functions', devices: [{ ...vfio, options: [] }], code: 'device_failed' },
    { title: 'that never come', devices: [{ ...vfio, options: ['0000:3b:02.1=07'] }], code: 'timed_out' },
    {
      title: 'with a malformed option',
      devices: [{ ...vfio, options: ['0000:3b:02.1'] }],
      code: 'device_failed',
    },
    { title: 'with two equals signs', devices: [{ ...vfio, options: ['a=b=c'] }], code: 'device_failed' },
    {
      title: 'with a bad host address',
      devices: [{ ...vfio, options: ['nic=06'] }],
      code: 'invalid_request',
    },
    {
      title: 'with a bad guest path',
      devices: [{ ...vfio, options: ['3b:02.1=x'] }],
      code: 'invalid_request',
    },
    {
      title: 'in two groups',
      devices: [{ ...vfio, options: ['0000:3b:02.1=06', '0000:3b:02.2=06.1'] }],
      code: 'device_failed',
      files: { [`${second}/driver_override`]: '', [`${second}/iommu_group`]: '->../8' },
    },
    {
      title: 'without a group',
      devices: [{ ...vfio, options: ['0000:3b:02.2=06.1'] }],
      code: 'device_failed',
      files: { [`${second}/driver_override`]: '' },
    },
    {
      title: 'of one address in two places',
      devices: [
        { ...vfio, type: gk },
        { ...vfio, type: gk, options: ['0000:3b:02.1=06.1'] },
      ],
      code: 'device_failed',
      files: { [`${second}/x`]: '' },
    },
  ])('$title are refused', async ({ devices, code, files = {} }) => {
    await using machine = await startMachine({ ...passed, ...group, ...files });
    await expect(machine.place(specOf([hostDevice]), devices)).rejects.toMatchObject({ code });
  });
});

describe('AP queues', () => {
  const queue = 'sys/devices/ap/card0a/0a.003f';
  const crypt = { 'dev/z90crypt': '->/dev/null', 'sys/bus/ap/scans': '0' };
  const spec = specOf([{ path: '/dev/z90crypt', type: 'c', major: 10, minor: 60 }]);
  const device = { type: 'vfio-ap', id: 'ap', containerPath: '/dev/z90crypt', options: ['a.3f'] };

  test('are scanned for and waited for', async () => {
    await using machine = await startMachine(crypt, { arch: 's390x', timeoutMs: 10_000 });
    const placing = machine.place(spec, [device]);
    await expect.poll(() => machine.text('sys/bus/ap/scans')).toBe('1');
    await machine.devices.appear('ap', { [`${queue}/online`]: '1' });
    const { linux } = (await placing).spec;
    expect(linux?.devices).toEqual([{ path: '/dev/z90crypt', type: 'c', major: 1, minor: 3 }]);
  });

  test.each([
    { title: 'online', files: { [`${queue}/online`]: '1\n' }, bind: undefined },
    {
      title: 'to be bound',
      files: { [`${queue}/online`]: '1\n', [`${queue}/SE_bind`]: 'unbound' },
      bind: /^1/,
    },
    { title: 'bound', files: { [`${queue}/online`]: '1\n', [`${queue}/SE_bind`]: 'bound' }, bind: /^bound$/ },
  ])('that are there from the start and $title are used', async ({ files, bind }) => {
    await using machine = await startMachine(
      { ...crypt, ...(files as Record<string, string>) },
      { arch: 's390x' },
    );
    await machine.place(spec, [{ ...device, type: 'vfio-ap-cold' }]);
    if (bind !== undefined) expect(await machine.text(`${queue}/SE_bind`)).toMatch(bind);
  });

  test.each([
    { title: 'that never come', type: 'vfio-ap', files: {}, arch: 's390x', code: 'timed_out' },
    { title: 'that are not there', type: 'vfio-ap-cold', files: {}, arch: 's390x', code: 'device_failed' },
    {
      title: 'that are offline',
      type: 'vfio-ap-cold',
      files: { [`${queue}/online`]: '0' },
      arch: 's390x',
      code: 'device_failed',
    },
    { title: 'on other machines', type: 'vfio-ap', files: {}, arch: 'x64', code: 'device_failed' },
    {
      title: 'cold on other machines',
      type: 'vfio-ap-cold',
      files: {},
      arch: 'arm64',
      code: 'device_failed',
    },
  ])('$title are refused', async ({ type, files, arch, code }) => {
    await using machine = await startMachine({ ...crypt, ...(files as Record<string, string>) }, { arch });
    await expect(machine.place(spec, [{ ...device, type }])).rejects.toMatchObject({ code });
  });

  test('with a bad address are refused', async () => {
    await using machine = await startMachine(crypt, { arch: 's390x' });
    await expect(machine.place(spec, [{ ...device, options: ['0g.1'] }])).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'Wrong AP bus format. AP ID needs to be in the form <xx> (e.g. 0a), got "0g"',
    });
    expect(await machine.text('sys/bus/ap/scans')).toBe('0');
  });
});
