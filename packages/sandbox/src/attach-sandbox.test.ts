// SPDX-License-Identifier: Apache-2.0
import { text } from 'node:stream/consumers';

import { expect, test } from 'vitest';

import { findSandbox } from './run/sandbox-registry.ts';
import { ignoreOutput, sandboxWorld } from './testing/sandbox-world.ts';

test('another process freezes, reads and limits the first container [proves attach from another process, container.pause, container.stats, container.update]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  ignoreOutput(container);
  await container.start();
  await using attached = await world.attach();
  await attached.pause();
  expect(world.agent.paused).toEqual(new Set(['box']));
  const found = await findSandbox('box', { runRoot: world.runRoot });
  expect(found.status).toBe('paused');
  expect(await attached.containers()).toMatchObject([{ id: 'box', paused: true }]);
  await expect(attached.pause()).rejects.toMatchObject({ code: 'agent_failed' });
  {
    // One that is paused is attached to like any other.
    await using other = await world.attach();
    await other.resume();
  }
  expect((await findSandbox('box', { runRoot: world.runRoot })).status).toBe('running');
  expect(await attached.stats()).toMatchObject({ pids: { current: 3n } });
  await attached.update({ pidsLimit: 7 });
  expect(world.agent.updates).toMatchObject([{ containerId: 'box', resources: { Pids: { Limit: 7n } } }]);
  expect(await attached.guestDetails()).toMatchObject({ agentVersion: 'fake' });
  expect(await attached.metrics()).toContain('kata_guest_load');
});

test('another process adds a container with files of its own, and takes both away', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create({ hostname: 'pod', sharePidNamespace: true });
  await sandbox.createContainer({ image: world.image, command: ['forever'] });
  await using attached = await world.attach();
  const second = await attached.createContainer({
    image: world.image,
    command: ['echo', 'second'],
    id: 'second',
  });
  ignoreOutput({ stdout: second.stderr, stderr: second.stderr });
  expect([...world.shares.keys()]).toEqual(['box/rootfs', 'second/rootfs']);
  expect(world.agent.containers.get('second')).toMatchObject({
    sandboxPidns: true,
    OCI: { Hostname: 'pod' },
  });
  await second.start();
  expect(await text(second.stdout)).toBe('second\n');
  world.agent.oomQueue.put('second');
  expect(await attached.ranOutOfMemory('second', { timeoutMs: 10_000 })).toBe(true);
  expect(await attached.ranOutOfMemory('box', { timeoutMs: 1 })).toBe(false);
  await second.remove();
  expect([...world.shares.keys()]).toEqual(['box/rootfs']);
  expect([...world.agent.containers.keys()]).toEqual(['box']);
});

test('a sandbox without a container is not attached to, and one that ends lets go of everybody', async () => {
  await using world = await sandboxWorld();
  const sandbox = await world.create();
  await sandbox.ready();
  await expect(world.attach()).rejects.toMatchObject({ code: 'invalid_state' });
  await sandbox.createContainer({ image: world.image, command: ['forever'] });
  await using attached = await world.attach();
  await sandbox.stop();
  await expect(attached.stats()).rejects.toMatchObject({ code: 'vm_exited' });
});

test('containers of one sandbox have logs of their own, and the first one is the recorded one [proves pod of several containers]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const names = ['one', 'two', 'three'];
  const containers = await Promise.all(
    names.map((name) => sandbox.createContainer({ image: world.image, command: ['echo', name], id: name })),
  );
  for (const container of containers) await container.start();
  const outputs = await Promise.all(
    containers.map(async (container) => {
      container.stderr.resume();
      return text(container.stdout);
    }),
  );
  expect(outputs).toEqual(['one\n', 'two\n', 'three\n']);
  await using attached = await world.attach();
  expect(names).toContain(attached.record.containerId);
  expect([...world.agent.containers.values()].map(({ sandboxPidns }) => sandboxPidns)).toEqual([
    false,
    false,
    false,
  ]);
});
