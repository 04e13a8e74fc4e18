// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { adoptSandbox } from '../adopt-sandbox.ts';
import { listContainers } from '../run/container-notes.ts';
import { readRecord, writeRecord } from '../run/sandbox-record.ts';
import { ignoreOutput, sandboxWorld, type SandboxWorld } from '../testing/sandbox-world.ts';
import type { RecordedContainerState } from './container-record.ts';

/** A sandbox with a container, whose owner has let go of it. */
async function orphan(world: SandboxWorld): Promise<{ readonly directory: string }> {
  const sandbox = await world.create({ onOwnerExit: 'keep' });
  const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  ignoreOutput(container);
  await container.start();
  await sandbox.release();
  return sandbox;
}

test('a container whose owner is dead is listed until its new owner removes it', async () => {
  await using world = await sandboxWorld();
  await orphan(world);
  await using sandbox = await adoptSandbox('box', { runRoot: world.runRoot }, world.components);
  expect(await listContainers(sandbox)).toMatchObject([{ id: 'box' }]);
  const [container] = await sandbox.containers();
  await container?.remove();
  expect(await listContainers(sandbox)).toEqual([]);
});

test('how a container ended is written down for whoever comes after, who need not ask the agent', async () => {
  await using world = await sandboxWorld({ programs: { three: () => Promise.resolve(3) } });
  const first = await world.create({ onOwnerExit: 'keep' });
  const ended = await first.createContainer({ image: world.image, command: ['three'] });
  ignoreOutput(ended);
  await ended.start();
  expect(await ended.wait()).toBe(3);
  expect(await listContainers(first)).toMatchObject([{ id: 'box', exitCode: 3 }]);
  await first.release();
  const before = world.agent.calls.length;
  await using sandbox = await adoptSandbox('box', { runRoot: world.runRoot }, world.components);
  const [container] = await sandbox.containers();
  expect(container?.state).toEqual({ name: 'stopped', exitCode: 3 });
  expect(await container?.wait()).toBe(3);
  expect(world.agent.calls.slice(before)).not.toContain('waitProcess');
  await container?.remove();
  expect(await listContainers(sandbox)).toEqual([]);
});

test.for<RecordedContainerState>(['creating', 'removing'])(
  'a container that a dead owner was still %s is listed no more',
  async (state) => {
    await using world = await sandboxWorld();
    const { directory } = await orphan(world);
    const record = await readRecord(directory);
    if (record?.survival === undefined) throw new Error('nothing is written down');
    const containers = record.survival.containers.map((container) => ({ ...container, state }));
    await writeRecord(directory, { ...record, survival: { ...record.survival, containers } });
    await using sandbox = await adoptSandbox('box', { runRoot: world.runRoot }, world.components);
    expect(await listContainers(sandbox)).toEqual([]);
  },
);
