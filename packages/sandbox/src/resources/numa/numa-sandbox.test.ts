// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';
import { expect, test } from 'vitest';

import { adoptSandbox } from '../../adopt-sandbox.ts';
import type { ContainerImage } from '../../image/container-image.ts';
import type { Sandbox } from '../../sandbox.ts';
import { sandboxWorld, type SandboxWorld } from '../../testing/sandbox-world.ts';
import type { HostNumaNode } from './host-numa-node.ts';

const hostNodes: readonly HostNumaNode[] = [
  { id: 0, cpus: [0, 1, 2, 3], memoryMib: 8192, distances: [10, 21] },
  { id: 1, cpus: [4, 5, 6, 7], memoryMib: 8192, distances: [21, 10] },
];
const twoNodes = { vcpus: 4, memoryMib: 512, numa: { mapping: ['1', '0'] } } as const;

/** An image whose specification has limits. */
function limited({ image }: SandboxWorld, cpu: OciResources['cpu']): ContainerImage {
  return { ...image, spec: { ociVersion: '1.1.0', linux: { resources: { cpu } } } };
}

function memsIn({ agent }: SandboxWorld, containerId: string): string | undefined {
  return agent.containers.get(containerId)?.OCI?.Linux?.Resources?.CPU?.Mems;
}

test('a machine gets its nodes, and containers those of them that stand for the ones of the host [proves numa topology]', async () => {
  await using world = await sandboxWorld({ hostNodes });
  await using sandbox = await world.create(twoNodes);
  await sandbox.ready();
  expect(world.hypervisor.vms[0]?.config.numaNodes).toMatchObject([
    { vcpus: 2, memoryMib: 256, hostNodes: [1], distances: [10, 21] },
    { vcpus: 2, memoryMib: 256, hostNodes: [0], distances: [21, 10] },
  ]);
  await sandbox.createContainer({ image: limited(world, { mems: '0', shares: 100 }), id: 'own' });
  expect(memsIn(world, 'own')).toBe('1');
  await using attached = await world.attach();
  await attached.createContainer({ image: limited(world, { mems: '0-1' }), id: 'foreign' });
  expect(memsIn(world, 'foreign')).toBe('0,1');
});

test('a machine without nodes lets containers use all its memory', async () => {
  await using world = await sandboxWorld({ hostNodes });
  await using sandbox = await world.create();
  await sandbox.createContainer({ image: limited(world, { mems: '0', shares: 100 }), id: 'own' });
  expect(world.hypervisor.vms[0]?.config).not.toHaveProperty('numaNodes');
  expect(memsIn(world, 'own')).toBe('');
});

test('nodes that cannot be are refused before anything is made', async () => {
  await using world = await sandboxWorld({ hostNodes });
  await expect(world.create({ ...twoNodes, maximumVcpus: 8 })).rejects.toMatchObject({
    code: 'invalid_options',
    message: 'a machine with 2 NUMA nodes does not grow',
  });
  expect(await world.leftovers()).toEqual([]);
  expect(world.steps).toEqual([]);
});

test('virtual CPUs follow the CPUs that containers list, as long as these are there [proves vcpu pinning]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create({ vcpus: 2, pinVcpus: true });
  await sandbox.createContainer({ image: world.image, id: 'any', command: ['forever'] });
  expect(world.bound).toEqual([]);
  const listed = await sandbox.createContainer({ image: limited(world, { cpus: '4,6' }), id: 'listed' });
  expect(world.bound).toEqual([[4], [6]]);
  await listed.remove();
  expect(world.bound).toHaveLength(4);
  expect(world.bound[2]).toContain(0);
});

test('a machine that has grown to as many CPUs as are listed has them bound', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create({ vcpus: 1, maximumVcpus: 2, pinVcpus: true });
  await sandbox.createContainer({ image: limited(world, { cpus: '2-3' }), id: 'listed' });
  expect(world.bound.slice(0, 2)).toEqual([[2], [3]]);
});

test('the next owner finds the same nodes, and goes on with the CPUs of the containers', async () => {
  await using world = await sandboxWorld({ hostNodes });
  const first = await world.create({
    vcpus: 6,
    memoryMib: 600,
    numa: {},
    pinVcpus: true,
    onOwnerExit: 'keep',
  });
  await first.createContainer({ image: limited(world, { cpus: '0,4' }), id: 'own', command: ['forever'] });
  const before = world.bound.slice();
  expect(before).toEqual([[0], [0], [0], [4], [4], [4]]);
  await first.release();
  const adopt = (): Promise<Sandbox> => adoptSandbox('box', { runRoot: world.runRoot }, world.components);
  await using sandbox = await adopt();
  expect(world.bound.slice(before.length)).toEqual(before);
  const [own] = await sandbox.containers();
  await own?.remove();
  expect(world.bound.slice(-6)).toEqual([[0], [1], [2], [4], [5], [6]]);
});
