// SPDX-License-Identifier: Apache-2.0
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { adoptSandbox } from '../adopt-sandbox.ts';
import type { ContainerOptions } from '../container/container-options.ts';
import { readRecord, writeRecord } from '../run/sandbox-record.ts';
import type { Sandbox } from '../sandbox.ts';
import type { FakeSandboxOptions } from '../testing/fake-components.ts';
import { sandboxWorld } from '../testing/sandbox-world.ts';
import { addDirectVolume } from './direct-volume/direct-volumes.ts';

/** A world with a disk, in which what one process has made another one adopts. */
async function world(options: FakeSandboxOptions = {}) {
  const made = await sandboxWorld(options);
  const disk = join(made.directory, 'disk.img');
  await writeFile(disk, Buffer.alloc(1024 * 1024));
  const wish = { blockVolumes: [{ source: disk, destination: '/data', fstype: 'ext4' }] };
  const directVolumes = join(made.directory, 'volumes');
  const create = (sandbox: Sandbox, id: string, more: Partial<ContainerOptions> = wish) =>
    sandbox.createContainer({ image: made.image, command: ['forever'], id, ...more });
  return {
    ...{ made, disk, directVolumes, create },
    plugged: (): readonly string[] =>
      (made.hypervisor.vms.at(-1)?.pluggedDevices ?? []).map(({ device }) => device.id),
    start: () => made.create({ onOwnerExit: 'keep', devices: { directVolumes } }),
    adopt: () => adoptSandbox('box', { runRoot: made.runRoot }, made.components),
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}

const containerOf = async (sandbox: Sandbox, id: string) => {
  const found = (await sandbox.containers()).find((container) => container.id === id);
  if (found === undefined) throw new Error(`there is no container ${id}`);
  return found;
};

test('a disk of a former owner is shared with further containers, and goes with the last one', async () => {
  await using here = await world();
  const first = await here.start();
  await here.create(first, 'one');
  await here.create(first, 'two');
  const disks = here.plugged();
  expect(disks).toHaveLength(1);
  await first.release();
  await using sandbox = await here.adopt();
  const three = await here.create(sandbox, 'three');
  expect(here.plugged()).toEqual(disks);
  const otherwise = { blockVolumes: [{ source: here.disk, destination: '/data', fstype: 'xfs' }] };
  await expect(here.create(sandbox, 'four', otherwise)).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('is mounted as ext4') as unknown,
  });
  await (await containerOf(sandbox, 'one')).remove();
  await three.remove();
  expect(here.plugged()).toEqual(disks);
  await (await containerOf(sandbox, 'two')).remove();
  expect(here.plugged()).toEqual([]);
  expect((await readRecord(sandbox.directory))?.survival?.devices).toEqual({ devices: [], containers: [] });
  await here.create(sandbox, 'four', otherwise);
  expect(here.plugged()).toHaveLength(1);
});

test('a third owner knows what the second one knew', async () => {
  await using here = await world();
  const first = await here.start();
  await here.create(first, 'one');
  await first.release();
  await (await here.adopt()).release();
  await using sandbox = await here.adopt();
  await (await containerOf(sandbox, 'one')).remove();
  expect(here.plugged()).toEqual([]);
});

test('the note of a direct-assigned volume goes with the adopted container that had it', async () => {
  await using here = await world();
  const { made, directVolumes, disk } = here;
  const options = { directVolumes };
  const volume = { device: disk, fstype: 'ext4', options: [], metadata: {} };
  await addDirectVolume(made.directory, volume, options);
  const first = await here.start();
  await here.create(first, 'one', { volumes: [{ source: made.directory, destination: '/data' }] });
  const [folder = ''] = await readdir(directVolumes);
  const notes = (): Promise<string[]> => readdir(join(directVolumes, folder));
  expect(await notes()).toContain('box');
  await first.release();
  await using sandbox = await here.adopt();
  expect(await notes()).toContain('box');
  await (await containerOf(sandbox, 'one')).remove();
  expect(await notes()).not.toContain('box');
});

test.for(['creating', 'removing'] as const)(
  'disks of a container that was %s are taken out by the adoption',
  async (state) => {
    await using here = await world();
    const first = await here.start();
    await here.create(first, 'one');
    await first.release();
    const record = await readRecord(first.directory);
    if (record?.survival === undefined) throw new Error('nothing is written down');
    const containers = record.survival.containers.map((container) => ({ ...container, state }));
    await writeRecord(first.directory, { ...record, survival: { ...record.survival, containers } });
    await using sandbox = await here.adopt();
    expect(await sandbox.containers()).toEqual([]);
    expect(here.plugged()).toEqual([]);
  },
);

test('a disk that was plugged when the owner died, before that could be noted, is taken out', async () => {
  await using here = await world();
  const first = await here.start();
  await here.create(first, 'one');
  await first.release();
  const record = await readRecord(first.directory);
  if (record?.survival === undefined) throw new Error('nothing is written down');
  const survival = { ...record.survival, containers: [], devices: { devices: [], containers: [] } };
  await writeRecord(first.directory, { ...record, survival });
  await using _sandbox = await here.adopt();
  await expect.poll(here.plugged).toEqual([]);
});

test('a guest that does not let go of a disk keeps it until something else comes or goes', async () => {
  let refuses = true;
  await using here = await world({
    script: { onUnplug: () => (refuses ? Promise.reject(new Error('busy')) : Promise.resolve()) },
  });
  const first = await here.start();
  await here.create(first, 'one');
  await first.release();
  await using sandbox = await here.adopt();
  await expect((await containerOf(sandbox, 'one')).remove()).rejects.toMatchObject({ code: 'device_failed' });
  refuses = false;
  const other = join(here.made.directory, 'other.img');
  await writeFile(other, '');
  await here.create(sandbox, 'two', {
    blockVolumes: [{ source: other, destination: '/data', fstype: 'ext4' }],
  });
  expect(here.plugged()).toHaveLength(1);
});
