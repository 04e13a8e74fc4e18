// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { VirtualMachine } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import type { Sandbox } from '../sandbox.ts';
import { sandboxWorld, type SandboxWorld } from '../testing/sandbox-world.ts';

const mib = 1024 * 1024;
const sizes = { vcpus: 1, memoryMib: 256, maximumVcpus: 2, maximumMemoryMib: 768 };

function machineOf({ hypervisor }: SandboxWorld): VirtualMachine {
  const [vm] = hypervisor.vms;
  if (vm === undefined) throw new Error('there is no machine');
  return vm;
}

const pluggedInto = (world: SandboxWorld): readonly string[] =>
  machineOf(world).pluggedDevices.map(({ device }) => device.id);

async function firstContainer(world: SandboxWorld, sandbox: Sandbox): Promise<void> {
  await sandbox.createContainer({ image: world.image, command: ['forever'] });
}

test('a machine has room to grow only if that is asked for', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  await sandbox.ready();
  const [vm] = world.hypervisor.vms;
  expect(vm?.config).toMatchObject({ vcpus: 1, memoryMib: 512 });
  expect(vm?.config).not.toHaveProperty('maximumVcpus');
  expect(vm?.config).not.toHaveProperty('maximumMemoryMib');
  expect(vm?.config.kernelParameters.join(' ')).not.toContain('hotplug');
  expect(world.agent.sandbox?.kernelModules ?? []).toEqual([]);
});

test('a machine that can grow has the places, the kernel words and the module for that', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create({ ...sizes, memorySlots: 3 });
  await sandbox.ready();
  const [vm] = world.hypervisor.vms;
  expect(vm?.config).toMatchObject({ ...sizes, memorySlots: 3 });
  expect(vm?.config.kernelParameters).toContain('memory_hotplug.online_policy=auto-movable');
  expect(world.agent.sandbox).toMatchObject({ kernelModules: [{ name: 'virtio_mem' }] });
});

test('limits reach the specification that the guest gets, over those of the image', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const resources = {
    memory: { limit: 100 * mib, reservation: 5 },
    cpu: { quota: 5000, period: 10_000, cpus: '0-3' },
    pids: { limit: 9 },
    blockIO: { weight: 10 },
    devices: [{ allow: false }],
  };
  await sandbox.createContainer({
    image: { ...world.image, spec: { ociVersion: '1.1.0', linux: { resources } } },
    limits: {
      memoryBytes: 64 * mib,
      cpuset: '0',
      blockIoWeight: 500,
      hugepageBytes: { '2MB': 4 * mib },
      memorySwapBytes: 80 * mib,
    },
  });
  expect(world.agent.containers.get('box')?.OCI?.Linux?.Resources).toMatchObject({
    Memory: { Limit: BigInt(64 * mib), Swap: BigInt(80 * mib), Reservation: 5n },
    CPU: { Quota: 5000n, Period: 10_000n, Cpus: '0' },
    Pids: { Limit: 9n },
    BlockIO: { Weight: 500 },
    HugepageLimits: [{ Pagesize: '2MB', Limit: BigInt(4 * mib) }],
    Devices: [],
  });
});

test('a machine grows before a container is created [proves vcpus by limits, memory by limits]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(sizes);
  await firstContainer(world, sandbox);
  expect(pluggedInto(world)).toEqual([]);
  const limits = { memoryBytes: 256 * mib, cpuQuotaUs: 100_000, cpuPeriodUs: 100_000 };
  await sandbox.createContainer({ image: world.image, id: 'second', limits });
  expect(pluggedInto(world)).toEqual(['vcpu-1', 'memory']);
  expect(world.agent.calls.filter((call) => /CPU|createContainer/.test(call))).toEqual([
    'createContainer',
    'onlineCPUMem',
    'onlineCPUMem',
    'createContainer',
  ]);
});

test.for([
  { limits: { memoryBytes: 600 * mib }, says: 'the machine needs 856 MiB' },
  {
    limits: { memoryBytes: 800 * mib },
    says: '800 MiB are asked for, the machine cannot have more than 768 MiB',
  },
  {
    limits: { cpuQuotaUs: 300_000, cpuPeriodUs: 100_000 },
    says: '3 CPUs are asked for, the machine cannot have more than 2',
  },
])('limits of $limits are refused before anything is shared: $says', async ({ limits, says }) => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(sizes);
  await sandbox.ready();
  await expect(sandbox.createContainer({ image: world.image, limits })).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(says) as unknown,
    remedy: expect.any(String) as unknown,
  });
  expect(world.steps).not.toContain('share.add');
  expect(world.agent.calls).not.toContain('createContainer');
  expect(pluggedInto(world)).toEqual([]);
});

test('a machine that does not grow refuses what it has not, and takes what an image says as it is', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const limits = { memoryBytes: 600 * mib };
  await expect(sandbox.createContainer({ image: world.image, limits })).rejects.toMatchObject({
    code: 'invalid_options',
    message: '600 MiB are asked for, the machine has 512 MiB',
  });
  const resources = { memory: { limit: 600 * mib } };
  const spec = { ociVersion: '1.1.0', linux: { resources } };
  const container = await sandbox.createContainer({ image: { ...world.image, spec } });
  await expect(container.update({ cpuQuotaUs: 20_000, cpuPeriodUs: 10_000 })).rejects.toMatchObject({
    message: '2 CPUs are asked for, the machine has 1',
  });
});

test('a container that cannot be created gives its part of the machine back', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(sizes);
  const limits = { memoryBytes: 500 * mib };
  for (const id of ['one', 'two']) {
    await expect(
      sandbox.createContainer({ image: world.image, id, command: ['missing'], limits }),
    ).rejects.toMatchObject({ code: 'command_not_found' });
  }
});

test('a machine has swap space only if that is asked for, however it grows', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(sizes);
  await sandbox.createContainer({ image: world.image, limits: { memorySwappiness: 60 } });
  expect(pluggedInto(world)).toEqual([]);
  expect(world.agent.calls).not.toContain('addSwap');
});

test('swap space comes before the containers that may swap, those of others too, lies in files of the run directory, and goes with it [proves guest swap]', async () => {
  await using world = await sandboxWorld();
  {
    await using sandbox = await world.create({ guestSwap: true });
    await firstContainer(world, sandbox);
    const annotations = {
      'io.katacontainers.container.resource.swappiness': '150',
      'io.katacontainers.container.resource.swap_in_bytes': String(96 * mib),
    };
    const linux = { resources: { memory: { limit: 64 * mib } } };
    const spec = { ociVersion: '1.1.0', annotations, linux };
    await sandbox.createContainer({ image: { ...world.image, spec }, id: 'second' });
    await using attached = await world.attach();
    const limits = { memorySwappiness: 60 };
    await attached.createContainer({ image: world.image, id: 'third', limits });
    expect(pluggedInto(world)).toEqual(['swap-1', 'swap-2']);
    expect(world.agent.swaps).toEqual([{ PCIPath: [2, 1] }, { PCIPath: [2, 2] }]);
    const files = ['swap1', 'swap2'].map((name) => stat(join(sandbox.directory, name)));
    expect((await Promise.all(files)).map(({ size }) => (size - 4096) / mib)).toEqual([32, 512]);
    expect(world.agent.calls.filter((call) => /Swap|createContainer/.test(call))).toEqual([
      'createContainer',
      ...['addSwap', 'createContainer'],
      ...['addSwap', 'createContainer'],
    ]);
    const memory = world.agent.containers.get('second')?.OCI?.Linux?.Resources?.Memory;
    expect(memory).toMatchObject({ Limit: BigInt(64 * mib), Swap: BigInt(96 * mib), Swappiness: 100n });
  }
  expect(await world.leftovers()).toEqual([]);
});

test('a limit of both without one of memory counts for the machine alone', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create({ guestSwap: true });
  const annotations = {
    'io.katacontainers.container.resource.swappiness': '60',
    'io.katacontainers.container.resource.swap_in_bytes': String(32 * mib),
  };
  await sandbox.createContainer({ image: { ...world.image, spec: { ociVersion: '1.1.0', annotations } } });
  expect((await stat(join(sandbox.directory, 'swap1'))).size).toBe(32 * mib + 4096);
  const memory = world.agent.containers.get('box')?.OCI?.Linux?.Resources?.Memory;
  expect(memory).toMatchObject({ Swap: 0n, Swappiness: 60n });
});

test('an annotation about swap that says nothing is refused before anything is shared', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create({ guestSwap: true });
  const annotations = { 'io.katacontainers.container.resource.swappiness': '201' };
  const image = { ...world.image, spec: { ociVersion: '1.1.0', annotations } };
  await expect(sandbox.createContainer({ image })).rejects.toMatchObject({ code: 'invalid_options' });
  expect(world.steps).not.toContain('share.add');
});

test('a machine that takes no disks is not asked to swap', async () => {
  await using world = await sandboxWorld();
  await expect(world.create({ guestSwap: true, machine: 'microvm' })).rejects.toMatchObject({
    code: 'invalid_options',
    message: 'a machine of type microvm takes no swap space',
  });
  expect(await world.leftovers()).toEqual([]);
});

test('volumes in memory grow with the machine, for whichever process it grows [proves volumes in memory by limits]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(sizes);
  const mounts = (name: string) => [
    { type: 'volume', medium: 'tmpfs', destination: '/cache', name } as const,
    { type: 'volume', destination: '/rest' } as const,
  ];
  await sandbox.createContainer({ image: world.image, command: ['forever'], mounts: mounts('own') });
  expect(world.agent.remounts).toEqual([]);
  const limits = { memoryBytes: 128 * mib };
  await sandbox.createContainer({ image: world.image, id: 'second', limits });
  await using attached = await world.attach();
  await attached.createContainer({ image: world.image, id: 'third', limits, mounts: mounts('foreign') });
  const remount = (name: string, sizeMib: number) => ({
    mountPoint: `/run/kata-containers/sandbox/ephemeral/${name}`,
    options: ['remount', `size=${sizeMib}M`],
  });
  expect(world.agent.remounts).toMatchObject([
    { storages: [remount('own', 384)] },
    { storages: [remount('own', 512)] },
    { storages: [remount('foreign', 512)] },
  ]);
});

test('another process has the machine grow for its container, is refused more, and gives it back', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(sizes);
  await firstContainer(world, sandbox);
  const limits = { memoryBytes: 300 * mib, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 };
  {
    await using attached = await world.attach();
    const second = await attached.createContainer({ image: world.image, id: 'second', limits });
    expect(pluggedInto(world)).toEqual(['vcpu-1', 'memory']);
    await expect(attached.createContainer({ image: world.image, id: 'third', limits })).rejects.toMatchObject(
      { code: 'invalid_options', message: expect.stringContaining('needs 856 MiB') as unknown },
    );
    await attached.update({ memoryBytes: 100 * mib });
    await expect(attached.update({ memoryBytes: 300 * mib })).rejects.toMatchObject({
      code: 'invalid_options',
    });
    expect(world.agent.updates).toHaveLength(1);
    await second.remove();
  }
  await using attached = await world.attach();
  await attached.createContainer({ image: world.image, id: 'third', limits });
});
