// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { HypervisorError } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { createSandbox } from '../../create-sandbox.ts';
import type { SandboxOptions } from '../../sandbox-options.ts';
import { listSandboxes } from '../../run/sandbox-registry.ts';
import { FakeNamespace } from '../../testing/fake-namespace.ts';
import { sandboxWorld } from '../../testing/sandbox-world.ts';
import { traceFile } from '../leftover-network.ts';

const path = '/proc/self/ns/uts';

async function setUp() {
  const world = await sandboxWorld();
  const namespace = new FakeNamespace();
  const components = { ...world.components, enterNamespace: () => namespace.run };
  const options: SandboxOptions = {
    ...{ runRoot: world.runRoot, id: 'box', cacheDirectory: world.directory },
    network: { kind: 'namespace', path },
  };
  return {
    ...{ world, namespace, options },
    create: () => createSandbox(options, components),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

test('a machine runs in its namespace, leaves a trace first, and the namespace is as before in the end', async () => {
  await using setup = await setUp();
  const { world, namespace } = setup;
  {
    await using sandbox = await setup.create();
    const trace = async (): Promise<unknown> =>
      JSON.parse(await readFile(join(sandbox.directory, traceFile), 'utf8'));
    expect(await trace()).toMatchObject({ namespacePath: path });
    await sandbox.ready();
    expect(await trace()).toMatchObject({
      cards: [{ id: 'net0', link: 'eth0', changes: [{ kind: 'mirror', link: 'eth0' }] }],
    });
    expect(world.hypervisor.vms[0]?.config.networkNamespacePath).toBe(path);
    expect(namespace.ingress.has('eth0')).toBe(true);
    expect(world.agent.network).toMatchObject([{ interface: { name: 'eth0', type: 'virtual' } }]);
    expect(world.agent.sandbox?.dns).toEqual([]);
  }
  expect(namespace.ingress.has('eth0')).toBe(false);
  expect(await world.leftovers()).toEqual([]);
});

test('a card that the machine does not take at boot is refused in the words of its driver', async () => {
  await using setup = await setUp();
  const { hypervisor } = setup.world;
  const createVm = hypervisor.createVm.bind(hypervisor);
  hypervisor.createVm = async (...request) => {
    const vm = await createVm(...request);
    const refusal = new HypervisorError('no_free_slot', 'there is no free slot', {
      remedy: 'unplug something',
    });
    vm.plug = () => Promise.reject(refusal);
    return vm;
  };
  await using sandbox = await setup.create();
  await expect(sandbox.ready()).rejects.toMatchObject({
    ...{ code: 'invalid_options', message: 'there is no free slot', remedy: 'unplug something' },
  });
  expect((await sandbox.ended).name).toBe('failed');
});

test('a machine that is lost gives the link back', async () => {
  await using setup = await setUp();
  await using sandbox = await setup.create();
  await sandbox.ready();
  setup.world.crashFileShare();
  expect((await sandbox.ended).name).toBe('failed');
  expect(setup.namespace.ingress.has('eth0')).toBe(false);
});

test('what a dead owner left and what cannot be taken back now is kept for the next look', async () => {
  await using setup = await setUp();
  const { world } = setup;
  const sandbox = await setup.create();
  const state = join(sandbox.directory, 'state.json');
  const record = await readFile(state, 'utf8');
  await sandbox.ready();
  // A namespace that is not one of networks: nsenter refuses it.
  const trace = await readFile(join(sandbox.directory, traceFile), 'utf8');
  await sandbox.stop();

  await using other = await world.create({ id: 'dead' });
  const directory = other.directory;
  await other.ready();
  await writeFile(join(directory, traceFile), trace);
  const dead = record.replace('"box"', '"dead"').replace(/"pid": \d+/, '"pid": 4194304');
  await writeFile(join(directory, 'state.json'), dead);
  expect(await listSandboxes({ runRoot: world.runRoot })).toEqual([]);
  const [left, ...more] = await world.leftovers();
  expect(more).toEqual([]);
  expect(left).toMatch(/^\.stale-/);
  await writeFile(join(world.runRoot, left ?? '', traceFile), '{}');
  expect(await listSandboxes({ runRoot: world.runRoot })).toEqual([]);
  expect(await world.leftovers()).toEqual([]);
});

test('a running sandbox tells and changes its interfaces and routes', async () => {
  await using setup = await setUp();
  const { world, namespace } = setup;
  await using sandbox = await setup.create();
  const { network } = sandbox;
  await expect(network.listInterfaces()).rejects.toMatchObject({ code: 'invalid_state' });
  await sandbox.ready();
  const [eth0] = await network.listInterfaces();
  if (eth0 === undefined) throw new Error('no interface');
  expect(eth0).toMatchObject({
    ...{ name: 'eth0', mac: '02:42:ac:11:00:02', mtuBytes: 1400, type: 'virtual' },
    addresses: [{ family: 'ipv4', address: '10.1.0.1', prefixLength: 24 }],
  });
  const changed = {
    ...{ ...eth0, name: 'lan', mtuBytes: 1300 },
    addresses: [...eth0.addresses, { family: 'ipv6', address: 'fd00::1', prefixLength: 64 } as const],
  };
  expect(await network.updateInterface(changed)).toEqual(changed);
  expect(await network.listInterfaces()).toEqual([changed]);

  const routes = [
    { destination: '', family: 'ipv4', interfaceName: 'lan', gateway: '10.1.0.2', scope: 0, flags: 4 },
    { destination: 'fd01::/64', family: 'ipv6', interfaceName: 'lan', scope: 253, flags: 0, mtuBytes: 1280 },
  ] as const;
  expect(await network.updateRoutes(routes)).toEqual(routes);
  expect(await network.listRoutes()).toEqual(routes);

  await expect(network.addInterface({ name: 'eth9' })).rejects.toMatchObject({
    code: 'network_failed',
    message: `link eth9 is not in ${path}`,
  });
  await network.removeInterface('eth0');
  expect(namespace.ingress.has('eth0')).toBe(false);
  expect((await network.addInterface({ name: 'eth0' })).name).toBe('eth0');
  expect(namespace.ingress.has('eth0')).toBe(true);
  expect(world.hypervisor.vms).toHaveLength(1);
});

test('where there is no namespace, links neither come nor go, and the rest works', async () => {
  await using setup = await setUp();
  await using sandbox = await setup.world.create({ id: 'alone' });
  await sandbox.ready();
  for (const change of [
    () => sandbox.network.addInterface({ name: 'eth0' }),
    () => sandbox.network.removeInterface('eth0'),
    () => sandbox.network.rescan(),
  ]) {
    await expect(change()).rejects.toMatchObject({ code: 'network_failed' });
  }
  expect(await sandbox.network.updateRoutes([])).toEqual([]);
});
