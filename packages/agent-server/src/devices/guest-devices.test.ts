// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFakeDevices, type FakeDevices, type FakeDevicesOptions } from '../testing/fake-devices.ts';
import { systemError } from '../testing/memory-pipe.ts';
import type { BlockAddress } from './guest-devices.ts';

interface Machine extends AsyncDisposable {
  readonly dir: string;
  readonly devices: FakeDevices;
}

/** A machine without devices, and without haste: what a test waits for ends it. */
async function startMachine(options: Partial<FakeDevicesOptions> = {}): Promise<Machine> {
  const dir = await mkdtemp(join(tmpdir(), 'hako-devices-'));
  return {
    dir,
    devices: createFakeDevices(dir, { timeoutMs: 10_000, ...options }),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}

async function makeFile(path: string, text = ''): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const bridge = 'sys/devices/pci0000:00/0000:00:02.0';
const disks: readonly {
  readonly title: string;
  readonly address: BlockAddress;
  readonly files: readonly string[];
  readonly node: string;
  readonly arch?: string;
}[] = [
  {
    title: 'on the root bus',
    address: { kind: 'pci', path: '05' },
    files: ['sys/devices/pci0000:00/0000:00:05.0/virtio3/block/vda/dev'],
    node: 'dev/vda',
  },
  {
    title: 'behind a bridge whose bus is listed',
    address: { kind: 'pci', path: '02/01' },
    files: [`${bridge}/pci_bus/0000:07/x`, `${bridge}/0000:07:01.0/virtio3/block/vdb/dev`],
    node: 'dev/vdb',
  },
  {
    title: 'behind a bridge that shows its bus by its devices only',
    address: { kind: 'pci', path: '02/01' },
    files: [`${bridge}/0000:01:01.0/virtio3/block/vdb/dev`, `${bridge}/0000:01:02.0/virtio4/block/vdc/dev`],
    node: 'dev/vdb',
  },
  {
    title: 'behind two bridges, function 3',
    address: { kind: 'pci', path: '02/1f/00.3' },
    files: [
      `${bridge}/pci_bus/0000:01/x`,
      `${bridge}/0000:01:1f.0/pci_bus/0000:0a/x`,
      `${bridge}/0000:01:1f.0/0000:0a:00.3/virtio9/block/vdc/dev`,
    ],
    node: 'dev/vdc',
  },
  {
    title: 'below another root bus',
    address: { kind: 'pci', path: '40/02/00' },
    files: [
      'sys/devices/pci0000:40/0000:40:02.0/pci_bus/0000:41/x',
      'sys/devices/pci0000:40/0000:40:02.0/0000:41:00.0/virtio1/block/vdd/dev',
    ],
    node: 'dev/vdd',
  },
  {
    title: 'below a root bus that hangs on a platform device',
    address: { kind: 'pci', path: '05' },
    files: ['sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:05.0/virtio3/block/vda/dev'],
    node: 'dev/vda',
  },
  {
    title: 'on virtio-scsi',
    address: { kind: 'scsi', address: '0:3' },
    files: ['sys/class/scsi_host/host0/scan', 'sys/bus/scsi/devices/0:0:0:3/block/sdb/dev'],
    node: 'dev/sdb',
  },
  {
    title: 'on virtio-mmio',
    address: { kind: 'mmio', path: '/dev/vdb' },
    files: ['sys/class/block/vdb/dev'],
    node: 'dev/vdb',
  },
  {
    title: 'in persistent memory',
    address: { kind: 'pmem', path: '/dev/pmem1' },
    files: ['sys/class/block/pmem1/dev'],
    node: 'dev/pmem1',
  },
  {
    title: 'on a CCW bus',
    address: { kind: 'ccw', id: '0.0.5' },
    files: ['sys/devices/css0/0.0.0002/0.0.0005/virtio2/block/vda/dev'],
    node: 'dev/vda',
    arch: 's390x',
  },
];

describe('a disk', () => {
  test.each(disks)(
    '$title that is there already is found',
    async ({ address, files, node, arch = 'x64' }) => {
      await using machine = await startMachine({ arch });
      for (const file of [...files, node]) await makeFile(join(machine.dir, file), '254:16\n');
      expect(await machine.devices.waitForBlockDevice(address)).toBe(join(machine.dir, node));
      expect(await machine.devices.wait(machine.devices.blockQuery(address))).toEqual({
        path: join(machine.dir, node),
        major: 254,
        minor: 16,
      });
      expect(machine.devices.listeners).toBe(0);
    },
  );

  test.each(disks)(
    '$title that is plugged later is found',
    async ({ address, files, node, arch = 'x64' }) => {
      await using machine = await startMachine({ arch });
      const { devices } = machine;
      let found = false;
      const waiting = devices.waitForBlockDevice(address).finally(() => (found = true));
      expect(devices.listeners).toBe(1);
      await devices.appear('block', { 'sys/class/block/sr0/dev': '11:0' });
      // Its directories are there before its node is.
      await devices.appear('block', Object.fromEntries(files.map((file) => [file, '254:16'])));
      expect(found).toBe(false);
      await devices.appear('block', { [node]: '' });
      expect(await waiting).toBe(join(machine.dir, node));
      expect(devices.listeners).toBe(0);
    },
  );

  test.each(disks)('$title that never comes ends the wait', async ({ address, arch = 'x64' }) => {
    await using machine = await startMachine({ arch, timeoutMs: 5 });
    await expect(machine.devices.waitForBlockDevice(address)).rejects.toMatchObject({
      code: 'timed_out',
      message: expect.stringMatching(/^Timeout after 5 ms waiting for /) as unknown,
    });
    expect(machine.devices.listeners).toBe(0);
  });
});

test.each<{ address: BlockAddress; code: string }>([
  { address: { kind: 'pci', path: '' }, code: 'invalid_request' },
  { address: { kind: 'pci', path: '02/zz' }, code: 'invalid_request' },
  { address: { kind: 'scsi', address: '1' }, code: 'invalid_request' },
  { address: { kind: 'scsi', address: '1:2:3' }, code: 'invalid_request' },
  { address: { kind: 'scsi', address: '256:0' }, code: 'invalid_request' },
  { address: { kind: 'scsi', address: '0:16384' }, code: 'invalid_request' },
  { address: { kind: 'mmio', path: '/dev/sda' }, code: 'invalid_request' },
  { address: { kind: 'mmio', path: '/dev/../vda' }, code: 'invalid_request' },
  { address: { kind: 'pmem', path: '/dev/vda' }, code: 'invalid_request' },
  { address: { kind: 'ccw', id: '0.0.5' }, code: 'device_failed' },
])('the address $address is refused', async ({ address, code }) => {
  await using machine = await startMachine();
  await expect(machine.devices.waitForBlockDevice(address)).rejects.toMatchObject({ code });
});

test('a bridge with several buses is refused', async () => {
  await using machine = await startMachine();
  await makeFile(join(machine.dir, bridge, 'pci_bus/0000:01/x'));
  await makeFile(join(machine.dir, bridge, 'pci_bus/0000:02/x'));
  await expect(machine.devices.waitForBlockDevice({ kind: 'pci', path: '02/01' })).rejects.toMatchObject({
    code: 'device_failed',
    operand: '0000:00:02.0',
  });
});

describe('SCSI hosts', () => {
  const hosts = 'sys/class/scsi_host';

  test('of virtio are told to look for a disk, once, and others are left alone', async () => {
    await using machine = await startMachine({ timeoutMs: 5 });
    const { dir, devices } = machine;
    for (const [host, driver] of [
      ['host0', 'ata_piix'],
      ['host2', 'virtio_scsi'],
    ] as const) {
      await makeFile(join(dir, hosts, host, 'proc_name'), `${driver}\n`);
      await makeFile(join(dir, hosts, host, 'scan'), host === 'host0' ? 'untouched' : '');
    }
    await makeFile(join(dir, 'sys/bus/scsi/devices/0:0:0:0/block/sr0/dev'), '11:0');
    await makeFile(join(dir, 'dev/sr0'));
    await expect(devices.waitForBlockDevice({ kind: 'scsi', address: '0:0' })).rejects.toMatchObject({
      code: 'timed_out',
    });
    expect(await readFile(join(dir, hosts, 'host2/scan'), 'utf8')).toBe('0 0 0');
    expect(await readFile(join(dir, hosts, 'host0/scan'), 'utf8')).toBe('untouched');
  });

  test('that come later are told too', async () => {
    await using machine = await startMachine();
    const { dir, devices } = machine;
    const waiting = devices.waitForBlockDevice({ kind: 'scsi', address: '1:2' });
    await devices.appear('scsi_host', { [`${hosts}/host0/scan`]: '' });
    await expect.poll(() => readFile(join(dir, hosts, 'host0/scan'), 'utf8')).toBe('0 1 2');
    await devices.appear('block', { 'dev/sda': '', 'sys/bus/scsi/devices/0:0:1:2/block/sda/dev': '8:0' });
    expect(await waiting).toBe(join(dir, 'dev/sda'));
  });
});

describe('a network interface', () => {
  const cases = [
    { title: 'of virtio', arch: 'x64', path: '02/03', file: `${bridge}/0000:01:03.0/virtio2/net/eth1/mtu` },
    { title: 'of a card', arch: 'x64', path: '02/03', file: `${bridge}/0000:01:03.0/net/eth1/mtu` },
    {
      title: 'on a CCW bus',
      arch: 's390x',
      path: '0.0.000a',
      file: 'sys/devices/css0/0.0.0001/0.0.000a/virtio2/net/eth1/mtu',
    },
  ];

  test.each(cases)('$title is found when it comes', async ({ arch, path, file }) => {
    await using machine = await startMachine({ arch });
    const waiting = machine.devices.waitForNetDevice(path);
    await machine.devices.appear('net', { [file]: '1500' });
    expect(await waiting).toBe('eth1');
  });

  test.each([
    { arch: 'x64', path: '0.0.0005' },
    { arch: 's390x', path: '02/03' },
  ])('with the address $path is refused on $arch', async ({ arch, path }) => {
    await using machine = await startMachine({ arch });
    await expect(machine.devices.waitForNetDevice(path)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('waiting', () => {
  afterEach(() => vi.useRealTimers());

  const address = { kind: 'pci', path: '05' } as const;

  test('ends with the reason of its signal, before and while', async () => {
    await using machine = await startMachine();
    const { devices } = machine;
    const reason = new Error('gave up');
    const abort = new AbortController();
    const waiting = devices.waitForBlockDevice(address, { signal: abort.signal });
    expect(devices.listeners).toBe(1);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(devices.waitForBlockDevice(address, { signal: abort.signal })).rejects.toBe(reason);
    expect(devices.listeners).toBe(0);
  });

  test('of many shares one subscription, and one after the last opens it anew', async () => {
    await using machine = await startMachine();
    const { devices } = machine;
    const waiting = [
      devices.waitForBlockDevice(address),
      devices.waitForBlockDevice({ kind: 'pci', path: '06' }),
    ];
    expect(devices.listeners).toBe(1);
    await devices.appearDisk(5, 'vda', '254:0');
    expect(await waiting[0]).toBe(join(machine.dir, 'dev/vda'));
    expect(devices.listeners).toBe(1);
    await devices.appearDisk(6, 'vdb', '254:16');
    expect(await waiting[1]).toBe(join(machine.dir, 'dev/vdb'));
    expect(devices.listeners).toBe(0);
    const later = devices.waitForBlockDevice({ kind: 'pci', path: '07' });
    await devices.appearDisk(7, 'vdc', '254:32');
    expect(await later).toBe(join(machine.dir, 'dev/vdc'));
  });

  test('looks again when events were lost', async () => {
    await using machine = await startMachine();
    const { dir, devices } = machine;
    const waiting = devices.waitForBlockDevice({ kind: 'mmio', path: '/dev/vda' });
    await makeFile(join(dir, 'sys/class/block/vda/dev'), '254:0');
    await makeFile(join(dir, 'dev/vda'));
    devices.overflow();
    expect(await waiting).toBe(join(dir, 'dev/vda'));
  });

  test('without the privilege for events looks at its end once more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const warnings: string[] = [];
    const note = () => undefined;
    const timeoutMs = 300;
    await using machine = await startMachine({
      timeoutMs,
      logger: {
        debug: note,
        info: note,
        error: note,
        warn: (_fields, message) => void warnings.push(message),
      },
    });
    const { dir, devices } = machine;
    devices.failure = systemError('EPERM', 'no');
    const waiting = devices.waitForBlockDevice({ kind: 'mmio', path: '/dev/vda' });
    await makeFile(join(dir, 'sys/class/block/vda/dev'), '254:0');
    await makeFile(join(dir, 'dev/vda'));
    vi.advanceTimersByTime(timeoutMs);
    expect(await waiting).toBe(join(dir, 'dev/vda'));
    expect(warnings).toEqual(['device events cannot be subscribed to']);
  });

  test('passes on what sysfs answers but for what is missing', async () => {
    await using machine = await startMachine();
    const { dir, devices } = machine;
    await mkdir(join(dir, 'sys/class/block/vda'), { recursive: true });
    await symlink('dev', join(dir, 'sys/class/block/vda/dev'));
    await expect(devices.waitForBlockDevice({ kind: 'mmio', path: '/dev/vda' })).rejects.toMatchObject({
      code: 'ELOOP',
    });
    expect(devices.listeners).toBe(0);
  });

  test('of too many is refused', async () => {
    await using machine = await startMachine();
    const { devices } = machine;
    const abort = new AbortController();
    const reason = new Error('over');
    const all = Array.from({ length: 256 }, () =>
      devices.waitForBlockDevice(address, { signal: abort.signal }),
    );
    const settled = Promise.allSettled(all);
    await expect(devices.waitForBlockDevice(address)).rejects.toMatchObject({ code: 'device_failed' });
    abort.abort(reason);
    const results = await settled;
    expect(results.every((result) => result.status === 'rejected' && result.reason === reason)).toBe(true);
    expect(devices.listeners).toBe(0);
  });
});
