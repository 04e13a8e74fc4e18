// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DeviceManager, vmReceiver, type DeviceInfo } from '@hako/device-manager';
import { RecordedSchema, scriptedHotplug } from '@hako/hypervisor-qemu/testing';
import { describe, expect, test } from 'vitest';

import { silentLogger } from '../logger.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { SharedDevices } from './shared-devices.ts';

const schema = await RecordedSchema.load();
const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

/** A VFIO group with two functions, as sysfs shows it. */
async function makeGroup(sys: string): Promise<void> {
  for (const [index, name] of ['0000:3b:00.0', '0000:3b:00.1'].entries()) {
    const device = join(sys, 'bus/pci/devices', name);
    await mkdir(device, { recursive: true });
    await writeFile(join(device, 'class'), index === 0 ? '0x030200\n' : '0x040300\n');
    await writeFile(join(device, 'vendor'), '0x10de\n');
    await writeFile(join(device, 'device'), '0x1eb8\n');
    await writeFile(join(device, 'config'), Buffer.alloc(4096));
    const members = join(sys, 'kernel/iommu_groups/12/devices');
    await mkdir(members, { recursive: true });
    await symlink(device, join(members, name));
  }
  await mkdir(join(sys, 'dev/char/236:12'), { recursive: true });
  await writeFile(join(sys, 'dev/char/236:12/uevent'), 'DEVNAME=vfio/12\n');
}

/** A store with one vhost-user disk. */
async function makeStore(store: string): Promise<void> {
  await mkdir(join(store, 'block/devices'), { recursive: true });
  execFileSync('mknod', [join(store, 'block/devices/target'), 'b', '241', '3']);
}

interface Case {
  readonly name: string;
  /** Rows of the page of what was seen. */
  readonly proven: string;
  readonly info: DeviceInfo;
  readonly prepare: (directory: string) => Promise<void>;
  /** What QEMU is told of each. */
  readonly devices: readonly { readonly driver: string; readonly bus: string; readonly addr: string }[];
  readonly type: string;
  readonly skip?: boolean;
}

const cases: readonly Case[] = [
  {
    name: 'a VFIO group with two functions',
    proven: 'device vfio',
    info: { containerPath: '/dev/vfio/12', type: 'c', major: 236, minor: 12, port: 'root-port' },
    prepare: (directory) => makeGroup(join(directory, 'sys')),
    devices: [
      { driver: 'vfio-pci', bus: 'rp0', addr: '00' },
      { driver: 'vfio-pci', bus: 'rp1', addr: '00' },
    ],
    type: 'vfio-pci-gk',
  },
  {
    name: 'a vhost-user disk of a store (skipped: not root)',
    proven: 'device vhost-user-blk',
    info: { containerPath: '/dev/data', type: 'b', major: 241, minor: 3 },
    prepare: (directory) => makeStore(join(directory, 'store')),
    devices: [{ driver: 'vhost-user-blk-pci', bus: 'pci-bridge-0', addr: '01' }],
    type: 'blk',
    skip: !isRoot,
  },
];

describe.each(cases)('$name [proves $proven]', ({ info, prepare, devices, type, skip = false }) => {
  test.skipIf(skip)(
    'is plugged once for two users, by commands QEMU knows, and is gone with the last',
    async () => {
      await using directory = await temporaryDirectory();
      await prepare(directory.path);
      using scripted = await scriptedHotplug();
      const { machine, vm } = scripted;
      const manager = new DeviceManager(
        { receiver: vmReceiver(vm) },
        {
          blockDriver: 'virtio-blk',
          roots: { sys: join(directory.path, 'sys'), vhostUserStore: join(directory.path, 'store') },
        },
      );
      const shared = new SharedDevices(manager, silentLogger);
      const use = { signal, mayBeWritable: false };
      const users = [await shared.acquire(info, use), await shared.acquire(info, use)];
      const [{ id } = { id: '' }] = users;
      expect(manager.agentDevices([{ id, containerPath: info.containerPath }])).toMatchObject([{ type }]);
      const added = machine.server.received.filter(({ execute }) => execute === 'device_add');
      expect(added).toMatchObject(devices.map((device) => ({ arguments: device })));
      await shared.giveBack(users);
      expect(machine.things).toEqual([]);
      const commands = machine.server.received.map(({ execute, arguments: words }) => ({
        execute,
        arguments: words,
      }));
      expect(commands.filter(({ execute }) => execute === 'device_del')).toHaveLength(devices.length);
      expect(commands.flatMap((command) => schema.objections(command))).toEqual([]);
    },
  );
});
