// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DeviceInfo } from './device-info.ts';
import { DeviceManager, type DeviceManagerOptions } from './device-manager.ts';
import { deviceKindOf } from './device-kind.ts';
import { deviceNumbers, resolveHostPath } from './host-path.ts';
import { FakeMachine } from './testing/index.ts';
import { bindToVfio, unbindFromVfio } from './vfio/vfio-binding.ts';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const node = (more: Partial<DeviceInfo>): DeviceInfo => ({
  containerPath: '/dev/x',
  type: 'b',
  major: 8,
  minor: 1,
  ...more,
});

function canMakeNodes(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'hako-mknod-'));
  try {
    return spawnSync('mknod', [join(directory, 'n'), 'b', '241', '3']).status === 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A tree of files that stands for sysfs. */
async function fakeSys(files: Record<string, string | Buffer>, links: Record<string, string> = {}) {
  const directory = await mkdtempDisposable(join(tmpdir(), 'hako-sys-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory.path, dirname(path)), { recursive: true });
    await writeFile(join(directory.path, path), content);
  }
  for (const [path, target] of Object.entries(links)) {
    await mkdir(join(directory.path, dirname(path)), { recursive: true });
    await symlink(join(directory.path, target), join(directory.path, path));
  }
  return { sys: directory.path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

describe('the path on the host', () => {
  test.each<[string, Partial<DeviceInfo>, string]>([
    ['of a block device is what the kernel calls it', {}, '/dev/mapper/disk'],
    ['of a character device is looked up among those', { type: 'c', major: 10, minor: 7 }, '/dev/thing'],
    ['of an unbuffered device, too', { type: 'u', major: 10, minor: 7 }, '/dev/thing'],
    ['of a number the kernel does not know is the container’s', { minor: 99 }, '/dev/x'],
    ['of a name that leads upwards is the container’s', { minor: 2 }, '/dev/x'],
    ['of a file is the one given', { major: -1, hostPath: '/disk.img' }, '/disk.img'],
    ['of persistent memory is the one given', { pmem: true, hostPath: '/pmem.img' }, '/pmem.img'],
    ['of a pipe is the container’s', { type: 'p', major: 0, minor: 0 }, '/dev/x'],
  ])('%s', async (_what, more, expected) => {
    await using host = await fakeSys({
      'dev/block/8:1/uevent': 'MAJOR=8\nMINOR=1\nDEVNAME=mapper/disk\nDEVTYPE=disk\n',
      'dev/block/8:2/uevent': 'DEVNAME=../etc/passwd\n',
      'dev/char/10:7/uevent': 'DEVNAME=thing\n',
    });
    expect(await resolveHostPath(node(more), { sys: host.sys, dev: '/dev' })).toBe(expected);
  });

  test.each<[string, Partial<DeviceInfo>]>([
    ['no container path', { containerPath: '' }],
    ['neither number nor path', { major: -1 }],
  ])('of a device with %s does not exist', async (_what, more) => {
    await expect(resolveHostPath(node(more), { sys: '/nonexistent', dev: '/dev' })).rejects.toEqual(
      code('invalid_device'),
    );
  });

  test('of a vhost-user number that no target has does not exist', async () => {
    await using store = await fakeSys({ 'block/devices/plain-file': '' });
    const roots = { sys: '/nonexistent', dev: '/dev', vhostUserStore: store.sys };
    await expect(resolveHostPath(node({ major: 241, minor: 3 }), roots)).rejects.toEqual(
      code('invalid_device'),
    );
  });
});

const mayMakeNodes = canMakeNodes();

describe.skipIf(!mayMakeNodes)('a vhost-user block target (needs the right to make device nodes)', () => {
  test.each<[DeviceManagerOptions['blockDriver'], object]>([
    ['virtio-blk', { index: 0 }],
    ['virtio-scsi', {}],
  ])('is found by its number and plugged by its socket, beside %s', async (blockDriver, counted) => {
    await using store = await fakeSys({ 'block/devices/.keep': '' });
    execFileSync('mknod', [join(store.sys, 'block/devices/target'), 'b', '241', '3']);
    const { machine, manager } = manage('/nonexistent', {
      blockDriver,
      vhostUserReconnectSeconds: 4,
      roots: { vhostUserStore: store.sys },
    });
    const { id } = await manager.newDevice(node({ major: 241, minor: 3 }));
    await manager.attachDevice(id);
    expect(machine.devices).toEqual([
      {
        kind: 'vhost-user-blk',
        id: 'blk-v',
        socketPath: join(store.sys, 'block/sockets/target'),
        reconnectSeconds: 4,
        ...counted,
      },
    ]);
    expect(manager.agentDevices([{ id, containerPath: '/dev/x' }])).toEqual([
      { id: '02/01', type: 'blk', vmPath: '', containerPath: '/dev/x', options: [] },
    ]);
  });
});

test.each([
  [0x0803, 8, 3],
  [0x1230_f145, 241, 0x1_2345],
  [0x1000_0002_3401, 0x1234, 1],
])('the device number %s is taken apart as glibc does', (rdev, major, minor) => {
  expect(deviceNumbers(rdev)).toEqual({ major, minor });
});

test.each<[string, DeviceInfo, string, boolean]>([
  ['vfio', node({ type: 'c' }), '/dev/vfio/12', false],
  ['vfio', node({ type: 'c' }), '/dev/vfio/devices/vfio0', false],
  ['generic', node({ type: 'c' }), '/dev/vfio/vfio', false],
  ['vhost-user-blk', node({ major: 241 }), '/s', true],
  ['block', node({ major: 241 }), '/dev/x', false],
  ['block', node({}), '/dev/sda', true],
  ['generic', node({ type: 'c' }), '/dev/fuse', true],
  ['generic', node({ type: 'p' }), '/pipe', true],
])('the kind %s is recognised', (kind, info, hostPath, store) => {
  expect(deviceKindOf(info, hostPath, store)).toBe(kind);
});

const group = 'kernel/iommu_groups/7/devices';
const nic = '0001:3b:00.0';
const bridge = '0000:3a:00.0';
const conventional = '0000:3b:01.1';
const groupFiles = {
  [`${group}/${nic}/vendor`]: '0x8086\n',
  [`${group}/${nic}/device`]: '0x1572\n',
  [`${group}/${nic}/class`]: '0x020000\n',
  [`${group}/${nic}/numa_node`]: '1\n',
  [`${group}/${nic}/config`]: Buffer.alloc(4096),
  [`${group}/${bridge}/class`]: '0x060400\n',
  [`${group}/${bridge}/config`]: Buffer.alloc(4096),
  [`${group}/${conventional}/class`]: '0x030000\n',
  [`${group}/${conventional}/config`]: Buffer.alloc(256),
  'dev/char/511:0/uevent': 'DEVNAME=vfio/7\n',
};
const vfioNode = node({ containerPath: '/dev/vfio/7', type: 'c', major: 511, minor: 0, port: 'root-port' });

function manage(sys: string, options: Partial<DeviceManagerOptions> = {}) {
  const machine = new FakeMachine();
  const manager = new DeviceManager(
    { receiver: machine, makeId: () => 'v' },
    { blockDriver: 'virtio-blk', roots: { sys }, ...options },
  );
  return { machine, manager };
}

describe('a VFIO group', () => {
  test('is plugged member by member, bridges left out, PCIe devices each into a port [proves device vfio]', async () => {
    await using host = await fakeSys(groupFiles);
    const { machine, manager } = manage(host.sys, {
      numa: [{ hostNode: 1, guestNode: 0 }],
      vfioMode: 'vfio',
    });
    const { id } = await manager.newDevice(vfioNode);
    await manager.attachDevice(id);
    expect(machine.devices).toEqual([
      expect.objectContaining({ id: 'vfio-v0', name: conventional, isPcie: false, numaNode: -1 }),
      expect.objectContaining({
        id: 'vfio-v1',
        name: nic,
        vendorId: '0x8086',
        deviceId: '0x1572',
        isPcie: true,
        bus: 'rp-numa0-0',
        hostPath: '/dev/vfio/7',
      }),
    ]);
    expect(manager.agentDevices([{ id, containerPath: '/dev/vfio/7' }])).toEqual([
      {
        id: '7',
        type: 'vfio-pci',
        vmPath: '',
        containerPath: '/dev/vfio/7',
        options: ['0000:3b:01.1=02/01', '0000:3b:00.0=02/02'],
      },
    ]);
    await manager.detachDevice(id);
    expect(machine.deviceIds).toEqual([]);
  });

  test('of which one member is refused is taken out again whole', async () => {
    await using host = await fakeSys(groupFiles);
    const { machine, manager } = manage(host.sys);
    const { id } = await manager.newDevice(vfioNode);
    machine.failNext(new Error('no port'), 1);
    await expect(manager.attachDevice(id)).rejects.toEqual(code('attach_failed'));
    expect(machine.deviceIds).toEqual([]);
    await manager.attachDevice(id);
    expect(machine.devices).toEqual([expect.anything(), expect.objectContaining({ bus: 'rp0' })]);
  });

  test('of which one member stays is detached by trying again', async () => {
    await using host = await fakeSys(groupFiles);
    const { machine, manager } = manage(host.sys);
    const { id } = await manager.newDevice(vfioNode);
    await manager.attachDevice(id);
    machine.failNext(new Error('busy'), 1);
    await expect(manager.detachDevice(id)).rejects.toEqual(code('detach_failed'));
    expect(machine.deviceIds).toEqual(['vfio-v0']);
    await manager.detachDevice(id);
    expect(machine.deviceIds).toEqual([]);
  });

  test('driven by the guest’s kernel is told to the agent as such', async () => {
    await using host = await fakeSys(groupFiles);
    const { manager } = manage(host.sys);
    const { id } = await manager.newDevice(vfioNode);
    await manager.attachDevice(id);
    expect(manager.agentDevices([{ id, containerPath: '/dev/vfio/7' }])[0]?.type).toBe('vfio-pci-gk');
  });

  test('without a kind of port is refused', async () => {
    await using host = await fakeSys(groupFiles);
    const { manager } = manage(host.sys);
    const { id } = await manager.newDevice(
      node({ containerPath: '/dev/vfio/7', type: 'c', major: 511, minor: 0 }),
    );
    await expect(manager.attachDevice(id)).rejects.toEqual(code('invalid_device'));
  });

  test.each([
    ['nothing', {}],
    ['only a bridge', { [`${group}/${bridge}/class`]: '0x060000', [`${group}/${bridge}/config`]: '' }],
    ['an unknown thing', { [`${group}/thing/class`]: '' }],
  ])('that holds %s is refused', async (_what, files: Record<string, string>) => {
    await using host = await fakeSys({ ...files, 'dev/char/511:0/uevent': 'DEVNAME=vfio/7\n' });
    const { manager } = manage(host.sys);
    const { id } = await manager.newDevice(vfioNode);
    await expect(manager.attachDevice(id)).rejects.toEqual(code('invalid_device'));
  });
});

test('a node of iommufd stands for the one device it belongs to', async () => {
  const place = `devices/pci0000:3a/${bridge}/${nic}`;
  await using host = await fakeSys(
    {
      [`${place}/vfio-dev/vfio0/uevent`]: 'DEVNAME=vfio/devices/vfio0\n',
      [`${place}/class`]: '0x020000\n',
      [`${place}/config`]: Buffer.alloc(4096),
    },
    { 'dev/char/510:0': `${place}/vfio-dev/vfio0` },
  );
  const { machine, manager } = manage(host.sys);
  const { id } = await manager.newDevice({ ...vfioNode, major: 510 });
  await manager.attachDevice(id);
  expect(machine.devices).toEqual([
    expect.objectContaining({ name: nic, hostPath: '/dev/vfio/devices/vfio0' }),
  ]);
});

test('a crypto adapter is told to the agent by its queues', async () => {
  const uuid = '11111111-2222-3333-4444-555555555555';
  await using host = await fakeSys(
    {
      [`devices/vfio_ap/matrix/${uuid}/matrix`]: '05.0004\n05.0005\n',
      'dev/char/511:0/uevent': 'DEVNAME=vfio/7\n',
    },
    { [`${group}/${uuid}`]: `devices/vfio_ap/matrix/${uuid}` },
  );
  const { manager } = manage(host.sys, { vfioMode: 'vfio' });
  const { id } = await manager.newDevice({ ...vfioNode, coldPlug: true });
  await manager.attachDevice(id);
  expect(manager.agentDevices([{ id, containerPath: '/dev/vfio/7' }])).toEqual([
    {
      id: '7',
      type: 'vfio-ap-cold',
      vmPath: '',
      containerPath: '/dev/vfio/7',
      options: ['05.0004', '05.0005'],
    },
  ]);
});

test('a network card is taken from its driver and given back', async () => {
  const device = `bus/pci/devices/${nic}`;
  await using host = await fakeSys(
    {
      [`${device}/driver_override`]: '',
      'bus/pci/drivers/i40e/unbind': '',
      'bus/pci/drivers_probe': '',
      'kernel/iommu_groups/7/type': '',
    },
    { [`${device}/driver`]: 'bus/pci/drivers/i40e', [`${device}/iommu_group`]: 'kernel/iommu_groups/7' },
  );
  const read = (path: string): Promise<string> => readFile(join(host.sys, path), 'utf8');
  const binding = await bindToVfio(nic, host.sys);
  expect(binding).toEqual({ hostPath: '/dev/vfio/7', driver: 'i40e' });
  expect(await read(`${device}/driver_override`)).toBe('vfio-pci');
  expect(await read('bus/pci/drivers/i40e/unbind')).toBe(nic);
  expect(await read('bus/pci/drivers_probe')).toBe(nic);
  await unbindFromVfio(nic, binding, host.sys);
  expect(await read(`${device}/driver_override`)).toBe('i40e');
});

test.each(['../../etc', '3b:00.0', ''])('%j is no PCI address', async (address) => {
  await expect(bindToVfio(address, '/nonexistent')).rejects.toEqual(code('invalid_device'));
});
