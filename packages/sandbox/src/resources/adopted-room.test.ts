// SPDX-License-Identifier: Apache-2.0
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { VirtualMachine } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { adoptSandbox } from '../adopt-sandbox.ts';
import type { ContainerLimits } from '../container/container-limits.ts';
import { parseSurvival } from '../run/parse-survival.ts';
import { readRecord } from '../run/sandbox-record.ts';
import type { Sandbox } from '../sandbox.ts';
import { sandboxWorld, type SandboxWorld } from '../testing/sandbox-world.ts';
import type { MemoryGrowth } from './memory-pool.ts';

const mib = 1024 * 1024;
const sizes = { vcpus: 1, memoryMib: 256, maximumVcpus: 3, maximumMemoryMib: 768 };
const limits: ContainerLimits = { memoryBytes: 200 * mib, cpuQuotaUs: 100_000, cpuPeriodUs: 100_000 };

function machineOf({ hypervisor }: SandboxWorld): VirtualMachine {
  const vm = hypervisor.vms.at(-1);
  if (vm === undefined) throw new Error('there is no machine');
  return vm;
}

const pluggedInto = (world: SandboxWorld): readonly string[] =>
  machineOf(world).pluggedDevices.map(({ device }) => device.id);

/** A machine that has grown for two containers, one of them another process's, and whose owner has let go of it. */
async function grownOrphan(world: SandboxWorld, memoryGrowth: MemoryGrowth = 'virtio-mem'): Promise<void> {
  const sandbox = await world.create({ ...sizes, memoryGrowth, onOwnerExit: 'keep' });
  await sandbox.createContainer({ image: world.image, id: 'own', command: ['forever'], limits });
  {
    await using attached = await world.attach();
    await attached.createContainer({ image: world.image, id: 'foreign', limits });
  }
  await sandbox.release();
}

const adopt = (world: SandboxWorld): Promise<Sandbox> =>
  adoptSandbox('box', { runRoot: world.runRoot }, world.components);

test('an adopted machine keeps what was promised, to containers of others too, and refuses what is more', async () => {
  await using world = await sandboxWorld();
  await grownOrphan(world);
  expect(pluggedInto(world)).toEqual(['vcpu-1', 'memory', 'vcpu-2']);
  await using sandbox = await adopt(world);
  expect((await readRecord(sandbox.directory))?.guest?.machine).toEqual({
    largest: { vcpus: 3, memoryMib: 768 },
    grows: true,
  });
  await expect(
    sandbox.createContainer({ image: world.image, id: 'more', limits: { memoryBytes: 200 * mib } }),
  ).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('needs 856 MiB') as unknown,
  });
  await sandbox.createContainer({ image: world.image, id: 'fits', limits: { memoryBytes: 100 * mib } });
  expect(pluggedInto(world)).toEqual(['vcpu-1', 'memory', 'vcpu-2']);
});

test('what an adopted container had comes free with it, and the machine grows again, by new names', async () => {
  await using world = await sandboxWorld();
  await grownOrphan(world);
  await using sandbox = await adopt(world);
  const [own] = await sandbox.containers();
  await own?.update({ cpuQuotaUs: 50_000 });
  await own?.remove();
  await expect.poll(() => pluggedInto(world)).toEqual(['vcpu-1', 'memory']);
  await sandbox.createContainer({ image: world.image, id: 'next', limits });
  expect(pluggedInto(world)).toEqual(['vcpu-1', 'memory', 'vcpu-3']);
});

test('other processes take part in the room of the new owner, and of no former one', async () => {
  await using world = await sandboxWorld();
  await grownOrphan(world);
  expect(await readdir(join(world.runRoot, 'box'))).not.toContain('owner.sock');
  await using sandbox = await adopt(world);
  await sandbox.createContainer({ image: world.image, id: 'first' });
  await using attached = await world.attach();
  await expect(attached.createContainer({ image: world.image, id: 'third', limits })).rejects.toMatchObject({
    code: 'invalid_options',
  });
  await attached.createContainer({ image: world.image, id: 'third', limits: { memoryBytes: 50 * mib } });
});

test('memory modules of a former owner are counted, and stay', async () => {
  await using world = await sandboxWorld();
  await grownOrphan(world, 'modules');
  const before = pluggedInto(world);
  expect(before).toEqual(['vcpu-1', 'memory-1', 'vcpu-2', 'memory-2']);
  await using sandbox = await adopt(world);
  const [own] = await sandbox.containers();
  await own?.remove();
  await sandbox.createContainer({ image: world.image, id: 'next', limits: { memoryBytes: 220 * mib } });
  expect(pluggedInto(world).filter((id) => id.startsWith('memory'))).toEqual(['memory-1', 'memory-2']);
});

test('the next owner knows the swap space and the volumes in memory of its machine, and adds to them', async () => {
  await using world = await sandboxWorld();
  const directory = join(world.runRoot, 'box');
  const sandbox = await world.create({ ...sizes, guestSwap: true, onOwnerExit: 'keep' });
  await sandbox.createContainer({
    image: world.image,
    command: ['forever'],
    limits: { memoryBytes: 100 * mib, memorySwappiness: 60 },
    mounts: [{ type: 'volume', medium: 'tmpfs', destination: '/cache', name: 'cache', groupId: 7 }],
  });
  await sandbox.release();
  await using adopted = await adopt(world);
  await adopted.createContainer({
    image: world.image,
    id: 'more',
    limits: { memoryBytes: 50 * mib, memorySwapBytes: 60 * mib, memorySwappiness: 60 },
  });
  const names = (await readdir(directory)).filter((name) => name.startsWith('swap')).toSorted();
  const found = await Promise.all(names.map((name) => stat(join(directory, name))));
  expect(found.map(({ size }) => (size - 4096) / mib)).toEqual([100, 10]);
  expect(world.agent.remounts.at(-1)).toMatchObject({
    storages: [
      {
        mountPoint: '/run/kata-containers/sandbox/ephemeral/cache',
        options: ['remount', 'size=408M', 'fsgid=7'],
      },
    ],
  });
});

test('promises are written down as they change', async () => {
  await using world = await sandboxWorld();
  const sandbox = await world.create({ ...sizes, onOwnerExit: 'keep' });
  const container = await sandbox.createContainer({ image: world.image, limits });
  const promised = async (): Promise<unknown> => (await readRecord(sandbox.directory))?.survival?.promised;
  const cpu = { quota: 100_000, period: 100_000 };
  expect(await promised()).toEqual([
    { containerId: 'box', resources: { cpu, memory: { limit: 200 * mib } } },
  ]);
  await container.update({ memoryBytes: 100 * mib });
  expect(await promised()).toMatchObject([{ resources: { memory: { limit: 100 * mib } } }]);
  await container.remove();
  await expect.poll(promised).toEqual([]);
  await sandbox.stop();
});

test.for([
  { promised: [{ containerId: 'one', resources: { memory: { limit: '5' } } }] },
  { promised: [{ containerId: '', resources: {} }] },
  { promised: [{ containerId: 'one', resources: { pids: { limit: 1 } } }] },
  { promised: [{ containerId: 'one', resources: {}, volumes: [{ mountPoint: 'cache' }] }] },
  { promised: 'all' },
])('a promise that is none is not believed: $promised', (part) => {
  const vm = { driver: 'fake', version: 1, process: { pid: 1, startTicks: '1' }, state: {} };
  expect(parseSurvival({ options: {}, vm, containers: [] })).toBeDefined();
  expect(parseSurvival({ options: {}, vm, containers: [], ...part })).toBeUndefined();
});
