// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { OciHook } from '@hako/protocols';
import { expect, test } from 'vitest';

import { adoptSandbox } from '../../adopt-sandbox.ts';
import { canAccess } from '../../can-access.ts';
import { createSandbox } from '../../create-sandbox.ts';
import type { SandboxOptions } from '../../sandbox-options.ts';
import { FakeNamespace } from '../../testing/fake-namespace.ts';
import { link, namespacePath } from '../../testing/namespace-world.ts';
import { ignoreOutput, sandboxWorld } from '../../testing/sandbox-world.ts';

const patience = { timeout: 30_000, interval: 10 };

/** A sandbox in a namespace that has a link as soon as a file is there. */
async function setUp(options: Partial<SandboxOptions> = {}) {
  const world = await sandboxWorld();
  const links: object[] = [];
  const file = join(world.directory, 'link');
  const namespace = new FakeNamespace({
    links,
    before: async () => {
      if (links.length === 0 && (await canAccess(file))) links.push(link('eth0'));
    },
  });
  const components = { ...world.components, enterNamespace: () => namespace.run };
  return {
    ...{ world, namespace, file },
    create: () =>
      createSandbox(
        {
          ...{ runRoot: world.runRoot, id: 'box', cacheDirectory: world.directory },
          network: { kind: 'namespace', path: namespacePath, mayBeEmpty: true },
          ...options,
        },
        components,
      ),
    adopt: () => adoptSandbox('box', { runRoot: world.runRoot }, components),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

test.for(['prestart', 'createRuntime'])(
  'a link that a %s hook makes is in the guest before its container is [proves links of hooks]',
  async (point) => {
    await using here = await setUp();
    const { world, file } = here;
    const hook: OciHook = { path: '/bin/sh', args: ['sh', '-c', `: > ${file}`] };
    const image = {
      ...world.image,
      bundle: world.directory,
      spec: { ociVersion: '1.0.2', hooks: { [point]: [hook] } },
    };
    await using sandbox = await here.create();
    await sandbox.ready();
    expect(await sandbox.network.listInterfaces()).toEqual([]);
    await using container = await sandbox.createContainer({ image, command: ['forever'] });
    ignoreOutput(container);
    expect(await sandbox.network.listInterfaces()).toMatchObject([{ name: 'eth0' }]);
    const { calls } = world.agent;
    expect(calls.indexOf('updateInterface')).toBeLessThan(calls.indexOf('createContainer'));
  },
);

test('hooks whose link cannot be joined fail the container, not the sandbox', async () => {
  await using here = await setUp({
    network: { kind: 'namespace', path: namespacePath, mayBeEmpty: true, model: 'none' },
  });
  const { world, file } = here;
  const hooks = { prestart: [{ path: '/bin/sh', args: ['sh', '-c', `: > ${file}`] }] };
  const image = { ...world.image, bundle: world.directory, spec: { ociVersion: '1.0.2', hooks } };
  await using sandbox = await here.create();
  await expect(sandbox.createContainer({ image, command: ['forever'] })).rejects.toMatchObject({
    code: 'network_failed',
    message: 'link eth0 needs a model that joins it',
  });
  expect(sandbox.state.name).toBe('running');
});

test('a link that comes when the container runs is taken in, without a call', async () => {
  await using here = await setUp();
  const { world, file } = here;
  await using sandbox = await here.create();
  await using container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  ignoreOutput(container);
  await container.start();
  await writeFile(file, '');
  await expect.poll(() => sandbox.network.listInterfaces(), patience).toMatchObject([{ name: 'eth0' }]);
});

test('an owner that adopts a sandbox has its links, and gives them back in the end', async () => {
  await using here = await setUp({ onOwnerExit: 'keep' });
  await writeFile(here.file, '');
  const first = await here.create();
  await first.ready();
  await first.release();
  expect(here.namespace.ingress.has('eth0')).toBe(true);
  await using sandbox = await here.adopt();
  await sandbox.network.removeInterface('eth0');
  expect(here.namespace.ingress.has('eth0')).toBe(false);
  expect(await sandbox.network.addInterface({ name: 'eth0' })).toMatchObject({ name: 'eth0' });
  await sandbox.stop();
  expect(here.namespace.ingress.has('eth0')).toBe(false);
  expect(await here.world.leftovers()).toEqual([]);
});
