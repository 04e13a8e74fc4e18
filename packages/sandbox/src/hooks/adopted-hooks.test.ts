// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { OciHook } from '@hako/protocols';
import { expect, test } from 'vitest';

import { adoptSandbox } from '../adopt-sandbox.ts';
import type { RecordedContainerState } from '../container/container-record.ts';
import { parseSurvival } from '../run/parse-survival.ts';
import { readRecord, writeRecord } from '../run/sandbox-record.ts';
import { sandboxWorld } from '../testing/sandbox-world.ts';

const points = ['prestart', 'poststart', 'poststop'] as const;

/** A container with hooks that write down their point and what they are told, whose owner has let go of it in some state. */
async function orphan(state: RecordedContainerState = 'running') {
  const world = await sandboxWorld();
  const log = join(world.directory, 'log');
  const hook = (point: string): OciHook => ({
    path: '/bin/sh',
    args: ['sh', '-c', `printf '${point} ' >> ${log}; cat >> ${log}; echo >> ${log}`],
    env: ['PATH=/usr/bin:/bin'],
    timeout: 10,
  });
  const hooks = Object.fromEntries(points.map((point) => [point, [hook(point)]]));
  const spec = { ociVersion: '1.0.2', hooks, annotations: { mine: 'yes' } };
  const first = await world.create({ onOwnerExit: 'keep' });
  const image = { ...world.image, bundle: world.directory, spec };
  const container = await first.createContainer({ image, command: ['forever'] });
  if (state !== 'created') await container.start();
  await first.release();
  const record = await readRecord(first.directory);
  if (record?.survival === undefined) throw new Error('nothing is written down');
  const containers = record.survival.containers.map((one) => ({ ...one, state }));
  await writeRecord(first.directory, { ...record, survival: { ...record.survival, containers } });
  await writeFile(log, '');
  return {
    world,
    adopt: () => adoptSandbox('box', { runRoot: world.runRoot }, world.components),
    ran: async () => {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => {
        const [, point = '', json = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
        return [point, JSON.parse(json) as unknown] as const;
      });
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const stopped = { ociVersion: '1.0.2', id: 'box', status: 'stopped', annotations: { mine: 'yes' } };

test.for(['removed', 'stopped with its sandbox', 'lost with its machine'])(
  'poststop hooks of an adopted container that is %s run, once, and are told what its maker was told',
  async (how) => {
    await using here = await orphan();
    await using sandbox = await here.adopt();
    const [container] = await sandbox.containers();
    if (how === 'removed') await container?.remove();
    else if (how === 'lost with its machine') {
      here.world.hypervisor.vms.at(-1)?.guest.exitVmm({ signal: 'SIGKILL' });
      await sandbox.ended;
    }
    await sandbox.stop();
    expect(await here.ran()).toEqual([['poststop', { ...stopped, bundle: here.world.directory }]]);
  },
);

test.for<{ state: RecordedContainerState; expected: readonly string[] }>([
  { state: 'creating', expected: ['poststop'] },
  { state: 'removing', expected: ['poststop'] },
  { state: 'starting', expected: ['poststart'] },
  { state: 'running', expected: [] },
])('the adoption of a container that was $state runs $expected', async ({ state, expected }) => {
  await using here = await orphan(state);
  const sandbox = await here.adopt();
  await expect.poll(async () => (await here.ran()).map(([point]) => point)).toEqual(expected);
  await sandbox.release();
});

test('hooks are due again for whoever adopts it next', async () => {
  await using here = await orphan();
  await (await here.adopt()).release();
  expect(await here.ran()).toEqual([]);
  await (await here.adopt()).stop();
  expect(await here.ran()).toMatchObject([['poststop', stopped]]);
});

test('an adopted container that is started runs its poststart hooks', async () => {
  await using here = await orphan('created');
  await using sandbox = await here.adopt();
  const [container] = await sandbox.containers();
  await container?.start();
  expect(await here.ran()).toMatchObject([['poststart', { status: 'running' }]]);
});

const due = { ociVersion: '1.0.2', bundle: '/bundle', poststart: [], poststop: [{ path: '/bin/true' }] };

test.for([
  { hooks: { ...due, poststop: [{ path: 1 }] } },
  { hooks: { ...due, bundle: 'relative' } },
  { hooks: { ...due, prestart: [] } },
  { hooks: { ...due, annotations: { key: 1 } } },
])('hooks that are none are not believed: $hooks', ({ hooks }) => {
  const vm = { driver: 'fake', version: 1, process: { pid: 1, startTicks: '1' }, state: {} };
  const container = {
    ...{ id: 'box', state: 'running', command: [], terminal: false, closeStdin: false, shares: [] },
    process: { env: [], cwd: '/', user: { uid: 0, gid: 0 } },
  };
  const read = (more: object): unknown =>
    parseSurvival({ options: {}, vm, containers: [{ ...container, ...more }] });
  expect(read({ hooks: due })).toBeDefined();
  expect(read({ hooks })).toBeUndefined();
});
