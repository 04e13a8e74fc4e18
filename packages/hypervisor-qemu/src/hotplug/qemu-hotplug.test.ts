// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluggableDevice, VmConfig, VmRecord } from '@hako/hypervisor';
import { describe, expect, test } from 'vitest';
import type { Accelerator } from '../accelerator/accelerator.ts';
import { machineProfile, type MachineName } from '../command-line/machine-profile.ts';
import { QmpClient } from '../qmp/qmp-client.ts';
import type { ReceivedQmpCommand } from '../testing/fake-qmp-server.ts';
import { FakeQmpMachine, type FakeQmpMachineOptions } from '../testing/fake-qmp-machine.ts';
import { RecordedSchema } from '../testing/recorded-schema.ts';
import { decodeState, encodeState } from '../vm-state.ts';
import { QemuHotplug } from './qemu-hotplug.ts';

const schema = await RecordedSchema.load();

const config: VmConfig = {
  id: 'box-1',
  runDir: '/run/hako/box-1',
  kernelPath: '/assets/vmlinux',
  initrdPath: '/assets/initrd.cpio',
  kernelParameters: [],
  vcpus: 1,
  maximumVcpus: 4,
  memoryMib: 512,
  maximumMemoryMib: 1024,
  sharedMemory: true,
  exportedDirectories: [{ id: 'files', path: '/data/files' }],
  devices: [{ kind: 'block', id: 'cold', path: '/data/cold.img', readOnly: true }],
  pciePorts: { root: 2, switch: 1 },
  agentChannel: 'virtio-serial',
  accelerator: 'auto',
};

/** A block device of this machine, if it has one. */
const blockDevice = readdirSync('/dev')
  .map((name) => `/dev/${name}`)
  .find((node) => statSync(node, { throwIfNoEntry: false })?.isBlockDevice() === true);

/** A file that exists on every machine that runs this. */
const path = import.meta.filename;
const socketPath = '/run/peer.sock';
const mac = '02:00:00:00:00:01';

/** One file per case under `__golden__`: the commands of its plug, then those of its unplug. */
const cases: readonly {
  readonly name: string;
  readonly device: PluggableDevice;
  /** What unplugging leaves in the machine. Default nothing. */
  readonly leaves?: readonly string[];
  /** It cannot be unplugged. */
  readonly stays?: true;
  readonly skip?: boolean;
}[] = [
  { name: 'virtio-blk', device: { kind: 'block', id: 'data', path, readOnly: false } },
  {
    name: 'virtio-blk-options',
    device: { kind: 'block', id: 'data', path, readOnly: true, serial: 's-1', discard: true, direct: true },
  },
  {
    name: 'virtio-blk-unsafe',
    device: { kind: 'block', id: 'data', path, readOnly: false, aio: 'io_uring', noFlush: true },
  },
  {
    name: 'host-device',
    device: { kind: 'block', id: 'disk', path: blockDevice ?? '/dev/null', readOnly: true },
    skip: blockDevice === undefined,
  },
  {
    name: 'virtio-scsi',
    device: { kind: 'block', id: 'data', path, readOnly: false, driver: 'virtio-scsi' },
    leaves: ['device scsi0'],
  },
  {
    name: 'tap',
    device: { kind: 'network', id: 'net', mac, backend: { kind: 'tap', interfaceName: 'tap0', vhost: true } },
  },
  {
    name: 'tap-queues',
    device: { kind: 'network', id: 'net', mac, backend: { kind: 'tap', interfaceName: 'tap0', queues: 2 } },
  },
  {
    name: 'tap-descriptors',
    device: {
      kind: 'network',
      id: 'net',
      mac,
      backend: { kind: 'tap-descriptors', descriptors: [10, 11], vhost: true },
    },
  },
  {
    name: 'stream',
    device: { kind: 'network', id: 'net', mac, backend: { kind: 'stream', socketPath } },
  },
  {
    name: 'user-network',
    device: {
      kind: 'network',
      id: 'net',
      mac,
      backend: { kind: 'user', forwards: [{ protocol: 'tcp', hostPort: 8080, guestPort: 80 }] },
    },
  },
  {
    name: 'vhost-user-net',
    device: { kind: 'network', id: 'net', mac, backend: { kind: 'vhost-user', socketPath } },
  },
  { name: 'virtio-fs', device: { kind: 'virtio-fs', id: 'share', tag: 'hako', socketPath } },
  { name: '9p', device: { kind: '9p', id: 'share', tag: 'hako', exportId: 'files' } },
  {
    name: 'vhost-user-blk',
    device: { kind: 'vhost-user-blk', id: 'disk', socketPath, reconnectSeconds: 10 },
  },
  { name: 'vhost-user-scsi', device: { kind: 'vhost-user-scsi', id: 'disk', socketPath } },
  { name: 'vfio-pci', device: { kind: 'vfio', id: 'gpu', host: { kind: 'pci', address: '0000:3b:00.0' } } },
  {
    name: 'vfio-mediated',
    device: { kind: 'vfio', id: 'gpu', host: { kind: 'mediated', sysfsPath: '/sys/bus/mdev/devices/x' } },
  },
  {
    name: 'vfio-root-port',
    device: { kind: 'vfio', id: 'gpu', host: { kind: 'pci', address: '0000:3b:00.0' }, port: 'root-port' },
  },
  {
    name: 'vfio-switch-port',
    device: { kind: 'vfio', id: 'gpu', host: { kind: 'pci', address: '0000:3b:00.0' }, port: 'switch-port' },
  },
  { name: 'vcpus', device: { kind: 'vcpus', id: 'more', count: 2 } },
  { name: 'memory', device: { kind: 'memory', id: 'module', sizeMib: 256 } },
  {
    name: 'virtio-mem',
    device: { kind: 'virtio-mem', id: 'grow', capacityMib: 256, requestedMib: 64 },
    stays: true,
  },
];

/** A kind of device, and the form of it where that makes a difference, in the words of docs/host-status.md. */
function formOf(device: PluggableDevice): string {
  switch (device.kind) {
    case 'block':
      return `block ${device.driver ?? 'virtio-blk'}`;
    case 'network':
      return `network ${device.backend.kind}`;
    case 'vfio':
      return `vfio ${device.host.kind}`;
    default:
      return device.kind;
  }
}

type Intercept = NonNullable<FakeQmpMachineOptions['intercept']>;

interface Setup extends FakeQmpMachineOptions {
  readonly accelerator?: Accelerator;
  readonly machineName?: MachineName;
}

async function setUp({ accelerator = 'kvm', machineName = 'q35', ...options }: Setup = {}) {
  const machine = new FakeQmpMachine({ cpus: { present: 1, places: 4 }, ...options });
  const monitor = await QmpClient.connect(machine.server.clientEnd, {
    // Nothing but bytes goes through memory.
    loadSendDescriptors: () => Promise.resolve((stream, bytes) => void stream.write(bytes)),
  });
  const profile = machineProfile(machineName);
  const hotplug = new QemuHotplug({ monitor, config, machine: profile, accelerator });
  return { machine, hotplug, monitor, [Symbol.dispose]: () => monitor[Symbol.dispose]() };
}

/** Commands that change the machine. */
function changes(machine: FakeQmpMachine) {
  return machine.server.received.filter(
    ({ execute }) => !execute.startsWith('query-') && execute !== 'qmp_capabilities',
  );
}

/** Lets through `count` changes of the machine and gives those behind to `decide`. */
function after(count: number, decide: Intercept): Intercept {
  let seen = 0;
  return (command, machine) => {
    if (command.execute.startsWith('query-') || command.execute === 'qmp_capabilities') return undefined;
    seen += 1;
    return seen === count + 1 ? decide(command, machine) : undefined;
  };
}

const refused = { error: { class: 'GenericError', desc: 'scripted' } } as const;
/** The controller stays once it is there. */
const leftBySuccess = ['device scsi0'];

/** Every command of every kind's plug. */
const steps = cases
  .filter(({ skip }) => skip !== true)
  .flatMap(({ name, device }) => {
    const counts: Readonly<Record<string, number>> = {
      'virtio-scsi': 3,
      'vhost-user-net': 3,
      'tap-descriptors': 4,
      '9p': 1,
      'vfio-pci': 1,
      'vfio-mediated': 1,
      'vfio-root-port': 1,
      'vfio-switch-port': 1,
    };
    return Array.from({ length: counts[name] ?? 2 }, (_, index) => ({ name, device, index }));
  });

for (const { name, device, leaves = [], stays, skip = false } of cases) {
  const form = formOf(device);
  const rows = stays === true ? `plug ${form}` : `plug ${form}, unplug ${form}`;
  describe(`${name} [proves ${rows}]`, () => {
    test.skipIf(skip)('its commands are those of the golden file, and QEMU knows them all', async () => {
      using setup = await setUp();
      const { machine, hotplug } = setup;
      await hotplug.plug(device, {});
      expect(hotplug.plugged).toMatchObject([{ device }]);
      if (stays === undefined) {
        await hotplug.unplug(device.id, {});
        expect(machine.things).toEqual(leaves);
        expect(hotplug.plugged).toEqual([]);
      }
      const commands = machine.server.received.map(({ execute, arguments: args }) => ({
        execute,
        arguments: args,
      }));
      expect(commands.flatMap((command) => schema.objections(command))).toEqual([]);
      const text = commands.map((command) => JSON.stringify(command)).join('\n');
      const anywhere = text
        .replace(import.meta.dirname, '/data')
        .replace(blockDevice ?? '/dev/null', '/dev/host-disk');
      await expect(`${anywhere}\n`).toMatchFileSnapshot(`__golden__/${name}.txt`);
    });
  });
}

describe('a plug that fails leaves nothing, and can be tried again', () => {
  test.for(steps)('$name, command $index is refused', async ({ device, index }) => {
    using setup = await setUp({ intercept: after(index, () => refused) });
    const { machine, hotplug } = setup;
    await expect(hotplug.plug(device, {})).rejects.toMatchObject({ code: 'command_failed' });
    expect(leftBySuccess).toEqual(expect.arrayContaining([...machine.things]));
    expect(hotplug.plugged).toEqual([]);
    await hotplug.plug(device, {});
    expect(hotplug.plugged).toHaveLength(1);
  });

  const reversible = steps.filter(({ name, index }) => !(name === 'virtio-mem' && index === 1));
  test.for(reversible)(
    '$name, command $index is carried out but never answered',
    async ({ device, index }) => {
      const controller = new AbortController();
      using setup = await setUp({
        intercept: after(index, (command, machine) => {
          machine.perform(command);
          controller.abort();
          return 'silence';
        }),
      });
      const { machine, hotplug } = setup;
      await expect(hotplug.plug(device, { signal: controller.signal })).rejects.toMatchObject({
        code: 'aborted',
      });
      expect(leftBySuccess).toEqual(expect.arrayContaining([...machine.things]));
      await hotplug.plug(device, {});
      expect(hotplug.plugged).toHaveLength(1);
    },
  );

  test('what a silent guest keeps after a failed plug holds the id, until it is unplugged', async () => {
    const controller = new AbortController();
    using setup = await setUp({
      guest: 'refuses',
      intercept: after(1, (command, machine) => {
        machine.perform(command);
        controller.abort();
        return 'silence';
      }),
    });
    const { machine, hotplug } = setup;
    const device = { kind: 'virtio-fs', id: 'share', tag: 'hako', socketPath } as const;
    await expect(hotplug.plug(device, { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(machine.things).toEqual(['chardev char-share', 'device virtio-share']);
    expect(hotplug.plugged).toEqual([]);
    await expect(hotplug.plug(device, {})).rejects.toMatchObject({ code: 'device_exists' });
    machine.guest = 'lets-go';
    await hotplug.unplug('share', {});
    expect(machine.things).toEqual([]);
    await hotplug.plug(device, {});
  });

  test('an aborted signal sends nothing', async () => {
    using setup = await setUp();
    const { machine, hotplug } = setup;
    const plug = hotplug.plug({ kind: 'vcpus', id: 'more', count: 1 }, { signal: AbortSignal.abort() });
    await expect(plug).rejects.toMatchObject({ code: 'aborted' });
    expect(changes(machine)).toEqual([]);
  });

  test('the end of QEMU ends the plug', async () => {
    using setup = await setUp({ intercept: after(1, (_, machine) => (machine.server.close(), 'silence')) });
    const plug = setup.hotplug.plug({ kind: 'virtio-fs', id: 'share', tag: 'hako', socketPath }, {});
    await expect(plug).rejects.toMatchObject({ code: 'connection_lost' });
  });
});

describe('unplug', () => {
  const disk = { kind: 'block', id: 'data', path, readOnly: true } as const;

  test.for([
    { what: 'lets go meanwhile', before: true },
    { what: 'lets go while the second wait goes on', before: false },
  ])('ends in time with a silent guest, and is tried again when it $what', async ({ before }) => {
    using setup = await setUp({ guest: 'keeps-silent' });
    const { machine, hotplug } = setup;
    await hotplug.plug(disk, {});
    await expect(hotplug.unplug('data', { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
    expect(hotplug.plugged).toHaveLength(1);
    if (before) machine.letGo('virtio-data');
    const again = hotplug.unplug('data', {});
    await expect(hotplug.unplug('data', {})).rejects.toMatchObject({ code: 'invalid_state' });
    if (!before) {
      await expect
        .poll(() => machine.server.received.filter(({ execute }) => execute === 'device_del').length)
        .toBe(2);
      machine.letGo('virtio-data');
    }
    await again;
    expect(machine.things).toEqual([]);
  });

  test('a guest that refuses is told from one that is silent', async () => {
    using setup = await setUp({ guest: 'refuses' });
    const { machine, hotplug } = setup;
    await hotplug.plug(disk, {});
    await expect(hotplug.unplug('data', {})).rejects.toMatchObject({ code: 'guest_refused' });
    expect(machine.things).toEqual(['node data', 'device virtio-data']);
  });

  test('of an emulated cpu is refused before QEMU sees it', async () => {
    using setup = await setUp({ accelerator: 'tcg' });
    const { machine, hotplug } = setup;
    await hotplug.plug({ kind: 'vcpus', id: 'more', count: 1 }, {});
    await expect(hotplug.unplug('more', {})).rejects.toMatchObject({ code: 'unsupported' });
    expect(machine.things).toEqual(['device cpu-more-0']);
  });

  test('of an unknown device is refused', async () => {
    using setup = await setUp();
    await expect(setup.hotplug.unplug('nothing', {})).rejects.toMatchObject({ code: 'device_missing' });
  });
});

describe('resizing memory', () => {
  const mebibyte = 1024 * 1024;

  /** A guest that goes through these sizes when it is asked for another. */
  async function growing(sizesMib: readonly number[]) {
    let size = 0;
    const setup = await setUp({
      intercept: ({ execute }, machine) => {
        if (execute === 'qom-get') return { return: size };
        if (execute !== 'qom-set') return undefined;
        setImmediate(() => {
          for (const sizeMib of sizesMib) {
            size = sizeMib * mebibyte;
            const data = { id: 'virtio-grow', size, 'qom-path': '/machine/peripheral/virtio-grow' };
            machine.server.emit('MEMORY_DEVICE_SIZE_CHANGE', data);
          }
        });
        return undefined;
      },
    });
    await setup.hotplug.plug({ kind: 'virtio-mem', id: 'grow', capacityMib: 256 }, {});
    return setup;
  }

  test('ends when the guest has the size, step by step [proves vm.resizeMemory]', async () => {
    using setup = await growing([64, 128]);
    await setup.hotplug.resizeMemory('grow', 128, {});
    const { execute, arguments: args } = await setup.machine.server.command('qom-set');
    expect(schema.objections({ execute, arguments: args })).toEqual([]);
    expect(args).toEqual({ path: 'virtio-grow', property: 'requested-size', value: 128 * mebibyte });
  });

  test('ends at once when the guest has it already', async () => {
    using setup = await growing([]);
    await setup.hotplug.resizeMemory('grow', 0, {});
  });

  test('ends in time when the guest stops half-way', async () => {
    using setup = await growing([64]);
    const resized = setup.hotplug.resizeMemory('grow', 128, { timeoutMs: 20 });
    await expect(resized).rejects.toMatchObject({ code: 'timeout' });
  });

  test.for([
    { what: 'beyond the capacity', id: 'grow', sizeMib: 260, code: 'invalid_device' },
    { what: 'by half a block', id: 'grow', sizeMib: 2, code: 'invalid_device' },
    { what: 'of a device that is missing', id: 'nothing', sizeMib: 4, code: 'device_missing' },
    { what: 'of a memory module', id: 'module', sizeMib: 4, code: 'invalid_device' },
  ])('$what is refused with $code', async ({ id, sizeMib, code }) => {
    using setup = await growing([]);
    await setup.hotplug.plug({ kind: 'memory', id: 'module', sizeMib: 128 }, {});
    await expect(setup.hotplug.resizeMemory(id, sizeMib, {})).rejects.toMatchObject({ code });
  });
});

describe('resizing disks', () => {
  test('extends a file and says so to QEMU, never below what it has [proves vm.resizeBlock]', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hako-resize-'));
    try {
      const file = join(directory, 'disk.img');
      writeFileSync(file, Buffer.alloc(2048));
      using setup = await setUp();
      const { machine, hotplug } = setup;
      await hotplug.plug({ kind: 'block', id: 'data', path: file, readOnly: false }, {});
      await hotplug.resizeBlock('data', 4096, {});
      const { execute, arguments: args } = await machine.server.command('block_resize');
      expect(schema.objections({ execute, arguments: args })).toEqual([]);
      expect(args).toEqual({ 'node-name': 'data', size: 4096 });
      const count = machine.server.received.length;
      for (const sizeBytes of [1024, 4097, 0, -512])
        await expect(hotplug.resizeBlock('data', sizeBytes, {})).rejects.toMatchObject({
          code: 'invalid_device',
          operand: 'sizeBytes',
        });
      rmSync(file);
      await expect(hotplug.resizeBlock('data', 8192, {})).rejects.toMatchObject({ operand: 'path' });
      expect(machine.server.received).toHaveLength(count);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.for([
    { what: 'a disk that is missing', id: 'nothing', code: 'device_missing' },
    { what: 'a memory module', id: 'module', code: 'invalid_device' },
    { what: 'a read-only disk', id: 'data', code: 'invalid_device' },
    { what: 'a disk of the boot', id: 'cold', code: 'device_missing' },
  ])('of $what is refused with $code', async ({ id, code }) => {
    using setup = await setUp();
    await setup.hotplug.plug({ kind: 'memory', id: 'module', sizeMib: 128 }, {});
    await setup.hotplug.plug({ kind: 'block', id: 'data', path, readOnly: true }, {});
    await expect(setup.hotplug.resizeBlock(id, 1024 * 1024, {})).rejects.toMatchObject({ code });
  });

  test('QEMU may refuse, and may take too long', async () => {
    const device = { kind: 'block', id: 'data', path, readOnly: false } as const;
    for (const { answer, code, limits } of [
      { answer: refused, code: 'command_failed', limits: {} },
      { answer: 'silence', code: 'timeout', limits: { timeoutMs: 20 } },
    ] as const) {
      using setup = await setUp({
        intercept: ({ execute }) => (execute === 'block_resize' ? answer : undefined),
      });
      await setup.hotplug.plug(device, {});
      const resized = setup.hotplug.resizeBlock('data', 1024 * 1024, limits);
      await expect(resized).rejects.toMatchObject({ code });
    }
  });
});

describe('books that another process goes on with', () => {
  const devices = cases.filter(({ skip, stays }) => skip !== true && stays !== true);

  test.for(devices)('$name is taken out by an adopter as by whoever plugged it', async ({ device }) => {
    using own = await setUp();
    await own.hotplug.plug(device, {});
    const before = changes(own.machine).length;
    await own.hotplug.unplug(device.id, {});
    const asked = changes(own.machine).slice(before);

    using other = await setUp();
    await other.hotplug.plug(device, {});
    const state = { config, machine: 'q35', accelerator: 'kvm', hotplug: other.hotplug.saved } as const;
    const road = { kind: 'virtio-serial', socketPath } as const;
    const record: unknown = JSON.parse(
      JSON.stringify(encodeState({ pid: 1, startTicks: '1' }, { ...state, road })),
    );
    const { hotplug: saved } = decodeState(record as VmRecord);
    const adopter = new QemuHotplug({
      monitor: other.monitor,
      config,
      machine: machineProfile('q35'),
      accelerator: 'kvm',
    });
    adopter.adopt(saved);
    expect(adopter.plugged).toEqual(other.hotplug.plugged);
    expect(adopter.saved).toEqual(saved);
    await expect(adopter.plug(device, {})).rejects.toMatchObject({ code: 'device_exists' });
    const known = changes(other.machine).length;
    await adopter.unplug(device.id, {});
    expect(changes(other.machine).slice(known).map(withoutId)).toEqual(asked.map(withoutId));
    expect(adopter.plugged).toEqual([]);
  });

  test('a place that is taken is not given twice, and a free one is', async () => {
    using own = await setUp();
    const disk = (id: string) => ({ kind: 'block', id, path, readOnly: true }) as const;
    for (const id of ['a', 'b', 'c']) await own.hotplug.plug(disk(id), {});
    await own.hotplug.unplug('b', {});
    const adopter = new QemuHotplug({
      ...{ monitor: own.monitor, config, machine: machineProfile('q35'), accelerator: 'kvm' },
    });
    adopter.adopt(own.hotplug.saved);
    const { address } = await adopter.plug(disk('d'), {});
    const paths = adopter.plugged.map((plugged) => 'pciPath' in plugged.address && plugged.address.pciPath);
    expect(address.pciPath).toBe('02/02');
    expect(new Set(paths).size).toBe(3);
  });

  test.for([
    {},
    { driver: 'other', version: 1 },
    { driver: 'qemu', version: 2 },
    { driver: 'qemu', version: 1, state: {} },
  ])('a record that is none is refused: %j', (value) => {
    expect(() => decodeState(value as never)).toThrow(/not one of this driver/);
  });
});

/** Commands are numbered. */
function withoutId({ execute, arguments: words }: ReceivedQmpCommand): object {
  return { execute, words };
}

describe('places', () => {
  const disk = (id: string) => ({ kind: 'block', id, path, readOnly: true }) as const;

  test('there are thirty behind the bridge, and a free one is used again', async () => {
    using setup = await setUp();
    const { hotplug } = setup;
    const ids = Array.from({ length: 30 }, (_, index) => `disk-${index}`);
    const plugged = await Promise.all(ids.map((id) => hotplug.plug(disk(id), {})));
    const paths = plugged.map(({ address }) => address.pciPath);
    expect(new Set(paths).size).toBe(30);
    expect([paths[0], paths[29]]).toEqual(['02/01', '02/1e']);
    await expect(hotplug.plug(disk('one-more'), {})).rejects.toMatchObject({ code: 'no_free_slot' });
    await hotplug.unplug('disk-7', {});
    expect((await hotplug.plug(disk('one-more'), {})).address.pciPath).toBe(paths[7]);
  });

  test('an arm64 machine has one per root port', async () => {
    using setup = await setUp({ machineName: 'virt' });
    expect((await setup.hotplug.plug(disk('data'), {})).address.pciPath).toBe('10/00');
    expect(changes(setup.machine).at(-1)?.arguments).toMatchObject({ bus: 'rp0', addr: '00' });
  });

  test.for([
    { machineName: 'microvm', device: disk('data') },
    { machineName: 'virt', device: { kind: 'vcpus', id: 'more', count: 1 } },
    { machineName: 'virt', device: { kind: 'memory', id: 'more', sizeMib: 128 } },
  ] as const)('$machineName takes no $device.kind', async ({ machineName, device }) => {
    using setup = await setUp({ machineName });
    await expect(setup.hotplug.plug(device, {})).rejects.toMatchObject({ code: 'unsupported' });
    expect(changes(setup.machine)).toEqual([]);
  });

  test.for([
    { what: 'a fifth cpu', device: { kind: 'vcpus', id: 'more', count: 4 }, code: 'no_free_slot' },
    {
      what: 'memory beyond the maximum',
      device: { kind: 'memory', id: 'more', sizeMib: 640 },
      code: 'no_free_slot',
    },
    { what: 'a disk with the id of one that is there at boot', device: disk('cold'), code: 'device_exists' },
    { what: 'a disk that is a directory', device: { ...disk('data'), path: '/' }, code: 'invalid_device' },
    {
      what: 'a disk that is missing',
      device: { ...disk('data'), path: '/nonexistent' },
      code: 'invalid_device',
    },
  ] as const)('$what is refused with $code, and nothing is sent', async ({ device, code }) => {
    using setup = await setUp();
    await expect(setup.hotplug.plug(device, {})).rejects.toMatchObject({ code });
    expect(changes(setup.machine)).toEqual([]);
  });
});
