// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
    const trace: unknown = JSON.parse(await readFile(join(sandbox.directory, traceFile), 'utf8'));
    expect(trace).toMatchObject({ namespacePath: path, links: ['eth0'] });
    await sandbox.ready();
    expect(world.hypervisor.vms[0]?.config.networkNamespacePath).toBe(path);
    expect(namespace.ingress.has('eth0')).toBe(true);
    expect(world.agent.network).toMatchObject([{ interface: { name: 'eth0', type: 'virtual' } }]);
    expect(world.agent.sandbox?.dns).toEqual([]);
  }
  expect(namespace.ingress.has('eth0')).toBe(false);
  expect(await world.leftovers()).toEqual([]);
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
  // A namespace that is not one of networks: nsenter refuses it.
  const trace = await readFile(join(sandbox.directory, traceFile), 'utf8');
  await sandbox.ready();
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
