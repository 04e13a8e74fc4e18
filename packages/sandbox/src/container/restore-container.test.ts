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
