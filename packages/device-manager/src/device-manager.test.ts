// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test, vi } from 'vitest';
import type { BlockDriver } from './block-driver.ts';
import type { DeviceInfo } from './device-info.ts';
import { DeviceManager, type DeviceManagerComponents, type DeviceManagerOptions } from './device-manager.ts';
import { maxCount } from './device-state.ts';
import { FakeMachine } from './testing/index.ts';

const file = (name: string, more: Partial<DeviceInfo> = {}): DeviceInfo => ({
  containerPath: `/dev/${name}`,
  type: 'b',
  major: -1,
  minor: 0,
  hostPath: `/images/${name}`,
  ...more,
});
const code = (name: string): unknown => expect.objectContaining({ code: name });

function setUp(
  options: Partial<DeviceManagerOptions> = {},
  components: Partial<DeviceManagerComponents> = {},
) {
  const machine = new FakeMachine();
  let serial = 0;
  const manager = new DeviceManager(
    { receiver: machine, makeId: () => `${(serial += 1)}`.padStart(16, '0'), ...components },
    { blockDriver: 'virtio-blk', ...options },
  );
  return { machine, manager };
}

async function attached(manager: DeviceManager, info: DeviceInfo): Promise<string> {
  const { id } = await manager.newDevice(info);
  await manager.attachDevice(id);
  return id;
}

describe('a block device', () => {
  test.each<[BlockDriver, object, object]>([
    ['virtio-blk', { virtPath: '/dev/vda' }, { type: 'blk', id: '02/01', vmPath: '/dev/vda' }],
    ['virtio-blk-ccw', { virtPath: '/dev/vda' }, { type: 'blk-ccw', id: '0.0.0000', vmPath: '' }],
    ['virtio-scsi', { scsiAddress: '0:0' }, { type: 'scsi', id: '0:0', vmPath: '' }],
    ['virtio-mmio', { virtPath: '/dev/vdb' }, { type: 'mmioblk', id: '/dev/vdb', vmPath: '/dev/vdb' }],
    ['nvdimm', {}, { type: 'nvdimm', id: '', vmPath: '/dev/pmem0' }],
  ])(
    'by driver %s is plugged and told to the agent in its way [proves driver virtio-blk, driver virtio-blk-ccw, driver virtio-scsi, driver virtio-mmio, driver nvdimm, device block, devices.newDevice, devices.attachDevice, devices.agentDevices]',
    async (blockDriver, drive, message) => {
      const { machine, manager } = setUp({ blockDriver });
      const id = await attached(manager, file('disk'));
      expect(machine.devices).toEqual([
        {
          kind: 'block',
          id: `drive-${id}`,
          file: '/images/disk',
          driver: blockDriver,
          format: 'raw',
          index: 0,
          readOnly: false,
          discardUnmap: false,
          pmem: false,
          ...drive,
        },
      ]);
      expect(manager.agentDevices([{ id, containerPath: '/dev/disk' }])).toEqual([
        { ...message, containerPath: '/dev/disk', options: [] },
      ]);
    },
  );

  test('beyond the first 256 gets the next SCSI target', async () => {
    const { machine, manager } = setUp({
      blockDriver: 'virtio-scsi',
      reservedBlockIndexes: Array.from({ length: 256 + 3 }, (_, index) => index),
    });
    await attached(manager, file('disk'));
    expect(machine.devices).toEqual([expect.objectContaining({ scsiAddress: '1:3' })]);
  });

  test('can ask for another driver and another format', async () => {
    const { machine, manager } = setUp();
    await attached(manager, file('disk', { driverOptions: { blockDriver: 'virtio-scsi', fstype: 'ext4' } }));
    expect(machine.devices).toEqual([expect.objectContaining({ driver: 'virtio-scsi', format: 'ext4' })]);
  });

  test('has a name of at most 31 characters in the machine', async () => {
    const { machine, manager } = setUp({}, { makeId: () => 'x'.repeat(64) });
    await attached(manager, file('disk'));
    expect(machine.deviceIds[0]).toHaveLength(31);
  });

  test('gives its index back when it is refused, and when it is detached [proves devices.detachDevice]', async () => {
    const { machine, manager } = setUp();
    const { id } = await manager.newDevice(file('a'));
    machine.failNext(new Error('no slot'));
    await expect(manager.attachDevice(id)).rejects.toEqual(
      expect.objectContaining({
        code: 'attach_failed',
        device: id,
        message: `attaching device ${id} (/images/a) failed: no slot`,
      }),
    );
    await manager.attachDevice(id);
    await manager.detachDevice(id);
    await attached(manager, file('b'));
    expect(machine.devices).toEqual([expect.objectContaining({ index: 0, file: '/images/b' })]);
  });

  test('that the machine does not let go of stays attached', async () => {
    const { machine, manager } = setUp();
    const id = await attached(manager, file('a'));
    machine.failNext(new Error('guest does not cooperate'));
    await expect(manager.detachDevice(id)).rejects.toEqual(code('detach_failed'));
    expect(manager.isDeviceAttached(id)).toBe(true);
    expect(machine.deviceIds).toHaveLength(1);
    await manager.detachDevice(id);
    expect(machine.deviceIds).toEqual([]);
  });
});

describe('persistent memory', () => {
  test('stays in the machine, is found again, and is never plugged twice', async () => {
    const { machine, manager } = setUp();
    const info = file('p', { pmem: true });
    const id = await attached(manager, info);
    await manager.detachDevice(id);
    await manager.removeDevice(id);
    expect(manager.getDeviceById(id)).toBeUndefined();
    expect(await attached(manager, info)).toBe(id);
    expect(machine.calls).toEqual([{ operation: 'hotplug', deviceId: `drive-${id}` }]);
  });

  test('is a storage, not a device, to the agent', async () => {
    const { manager } = setUp();
    const id = await attached(manager, file('p', { pmem: true }));
    expect(manager.agentDevices([{ id, containerPath: '/dev/p' }])).toEqual([]);
  });
});

test('a device of the boot is appended and not unplugged', async () => {
  const { machine, manager } = setUp();
  const id = await attached(manager, file('c', { coldPlug: true }));
  await manager.detachDevice(id);
  expect(machine.calls).toEqual([{ operation: 'append', deviceId: `drive-${id}` }]);
});

test.each([
  [{ kind: 'vhost-user-scsi', socketPath: '/s' }, 'scsi'],
  [{ kind: 'vhost-user-net', socketPath: '/s', macAddress: '02:00:00:00:00:01' }, 'net'],
  [{ kind: 'vhost-user-fs', socketPath: '/s', tag: 'kataShared', cacheMib: 64 }, 'fs'],
] as const)(
  '%o is appended under its attributes [proves devices.newVhostUserDevice, device vhost-user-scsi, device vhost-user-net, device vhost-user-fs]',
  async (attributes, prefix) => {
    const { machine, manager } = setUp();
    const device = manager.newVhostUserDevice(attributes);
    await manager.attachDevice(device.id);
    expect(machine.devices).toEqual([{ ...attributes, id: `${prefix}-${device.id}`, reconnectSeconds: 0 }]);
    expect(machine.calls[0]?.operation).toBe('append');
    expect(manager.agentDevices([{ id: device.id, containerPath: '/x' }])).toEqual([]);
  },
);

test.each([
  { kind: 'vhost-user-scsi', socketPath: '' },
  { kind: 'vhost-user-net', socketPath: '/s', macAddress: 'x,id=1' },
  { kind: 'vhost-user-fs', socketPath: '/s', tag: '' },
  { kind: 'vhost-user-fs', socketPath: '/s', tag: 'ä'.repeat(19) },
] as const)('%o is refused', (attributes) => {
  expect(() => setUp().manager.newVhostUserDevice(attributes)).toThrow(code('invalid_device'));
});

describe('a generic device', () => {
  test('is counted, never plugged, never told to the agent [proves device generic, devices.getDeviceById]', async () => {
    const { machine, manager } = setUp({ roots: { sys: '/nonexistent' } });
    const id = await attached(manager, { containerPath: '/dev/fuse', type: 'c', major: 10, minor: 229 });
    expect(manager.getDeviceById(id)).toMatchObject({
      kind: 'generic',
      hostPath: '/dev/fuse',
      attachCount: 1,
    });
    expect(machine.calls).toEqual([]);
    expect(manager.agentDevices([{ id, containerPath: '/dev/fuse' }])).toEqual([]);
  });
});

describe('messages for the agent', () => {
  test('about an unknown device fail, rather than leave all devices out', async () => {
    const { manager } = setUp();
    const id = await attached(manager, file('a'));
    expect(() =>
      manager.agentDevices([
        { id, containerPath: '/dev/a' },
        { id: 'x', containerPath: '/dev/b' },
      ]),
    ).toThrow(code('device_not_found'));
  });

  test('about a device that is not attached fail', async () => {
    const { manager } = setUp();
    const { id } = await manager.newDevice(file('a'));
    expect(() => manager.agentDevices([{ id, containerPath: '/dev/a' }])).toThrow(
      code('device_not_attached'),
    );
  });

  test('about a device whose place the machine does not know fail', async () => {
    const { manager } = setUp(
      {},
      { receiver: { append: vi.fn(), hotplug: async () => ({}), unplug: vi.fn() } },
    );
    const id = await attached(manager, file('a'));
    expect(() => manager.agentDevices([{ id, containerPath: '/dev/a' }])).toThrow(code('no_guest_address'));
  });

  test('leave out virtual volumes', async () => {
    const { manager } = setUp();
    const id = await attached(manager, file('a'));
    expect(manager.agentDevices([{ id, containerPath: '/run/kata-containers/virtual-volumes/x' }])).toEqual(
      [],
    );
  });
});

describe('limits', () => {
  test('an abort while the machine works is passed to it and leaves nothing attached', async () => {
    const { machine, manager } = setUp();
    const { id } = await manager.newDevice(file('a'));
    machine.pause();
    const controller = new AbortController();
    const attach = manager.attachDevice(id, { signal: controller.signal });
    controller.abort('why');
    await expect(attach).rejects.toEqual(expect.objectContaining({ code: 'aborted', cause: 'why' }));
    expect(manager.isDeviceAttached(id)).toBe(false);
  });

  test('an aborted signal does no work', async () => {
    const { machine, manager } = setUp();
    const { id } = await manager.newDevice(file('a'));
    await expect(manager.attachDevice(id, { signal: AbortSignal.abort() })).rejects.toEqual(code('aborted'));
    expect(machine.calls).toEqual([]);
  });

  test('a machine that takes too long is a timeout', async () => {
    const { machine, manager } = setUp();
    const id = await attached(manager, file('a'));
    machine.pause();
    await expect(manager.detachDevice(id, { timeoutMs: 5 })).rejects.toEqual(code('timed_out'));
    expect(manager.isDeviceAttached(id)).toBe(true);
  });

  test('operations on different devices do not wait for each other', async () => {
    const { machine, manager } = setUp();
    const { id: slow } = await manager.newDevice(file('a'));
    const resume = machine.pause();
    const attach = manager.attachDevice(slow);
    await expect.poll(() => machine.calls).toHaveLength(1);
    const { id: other } = await manager.newDevice(file('b'));
    const second = manager.attachDevice(other);
    await expect.poll(() => machine.calls).toHaveLength(2);
    resume();
    await Promise.all([attach, second]);
    expect(machine.deviceIds).toHaveLength(2);
  });

  test('at most 1024 operations wait for one device', async () => {
    const { machine, manager } = setUp();
    const { id } = await manager.newDevice(file('a'));
    const resume = machine.pause();
    const waiting = Array.from({ length: 1024 }, () => manager.attachDevice(id));
    await expect(manager.attachDevice(id)).rejects.toEqual(code('queue_overflow'));
    resume();
    await Promise.all(waiting);
    expect(manager.getDeviceById(id)?.attachCount).toBe(1024);
  });
});

test('ids that are taken are tried five times', async () => {
  const makeId = vi.fn(() => 'same');
  const { manager } = setUp({}, { makeId });
  await manager.newDevice(file('a'));
  await expect(manager.newDevice(file('b'))).rejects.toEqual(code('id_exhausted'));
  expect(makeId).toHaveBeenCalledTimes(1 + 5);
});

test('the default id is 16 hexadecimal digits', async () => {
  const manager = new DeviceManager({ receiver: new FakeMachine() }, { blockDriver: 'virtio-blk' });
  expect((await manager.newDevice(file('a'))).id).toMatch(/^[0-9a-f]{16}$/);
});

test('a control group that refuses is logged, and nothing else', async () => {
  const warn = vi.fn();
  const access = {
    allow: vi.fn(() => Promise.reject(new Error('EPERM'))),
    deny: vi.fn(async () => undefined),
  };
  const { manager } = setUp({}, { access, logger: { warn } });
  const id = await attached(manager, file('a'));
  await manager.detachDevice(id);
  expect(access.allow).toHaveBeenCalledWith('/images/a');
  expect(access.deny).toHaveBeenCalledWith('/images/a');
  expect(warn).toHaveBeenCalledOnce();
});

test('finding a device adds no reference [proves devices.findDevice]', async () => {
  const { manager } = setUp();
  expect(await manager.findDevice(file('a'))).toBeUndefined();
  const { id } = await manager.newDevice(file('a'));
  expect(await manager.findDevice(file('a'))).toMatchObject({ id, referenceCount: 1 });
});

describe('saved state', () => {
  const state = (more: object) => ({
    id: 'a',
    kind: 'generic' as const,
    origin: { type: 'node' as const, info: file('a'), hostPath: '/a' },
    referenceCount: 1,
    attachCount: 0,
    plugged: [],
    ...more,
  });

  test('with a count at its maximum refuses one more', async () => {
    const { manager } = setUp();
    manager.loadDevices([state({ attachCount: maxCount })]);
    await expect(manager.attachDevice('a')).rejects.toEqual(code('count_overflow'));
    expect(manager.getDeviceById('a')?.attachCount).toBe(maxCount);
  });

  test.each([
    ['a negative count', state({ referenceCount: -1 })],
    ['a fractional count', state({ attachCount: 0.5 })],
    ['no id', state({ id: '' })],
    ['an attached disk that is nowhere', state({ kind: 'block', attachCount: 1 })],
  ])('with %s is refused', (_what, wrong) => {
    expect(() => setUp().manager.loadDevices([wrong])).toThrow(code('invalid_state'));
  });

  test('that names a device twice is refused', () => {
    expect(() => setUp().manager.loadDevices([state({}), state({})])).toThrow(code('invalid_state'));
  });
});
