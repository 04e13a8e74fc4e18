// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { identifyProcess, type ProcessIdentity } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { RunDirectory } from './run-directory.ts';
import { readRecord, writeRecord, type SandboxRecord } from './sandbox-record.ts';
import { findSandbox, listSandboxes } from './sandbox-registry.ts';
import { removeSandbox, stopSandbox } from './stop-owner.ts';

const first = (id: string) => ({ id, status: 'starting', createdAt: '2026-01-01T00:00:00.000Z' }) as const;

/** The largest process id Linux hands out is 2^22. */
const deadOwner = { pid: 2 ** 22 + 1, startTicks: '1' };

async function plant(root: string, record: Partial<SandboxRecord> & { id: string }): Promise<string> {
  const path = join(root, record.id);
  await mkdir(path, { recursive: true });
  await writeRecord(path, { version: 1, ...first(record.id), owner: deadOwner, ...record });
  return path;
}

test('a claimed directory is private and names its owner', async () => {
  await using root = await temporaryDirectory();
  const claimed = await RunDirectory.claim(join(root.path, 'run'), first('box'));
  expect((await stat(claimed.path)).mode & 0o777).toBe(0o700);
  expect(await readRecord(claimed.path)).toMatchObject({ id: 'box', owner: { pid: process.pid } });
});

test('of two claims of one name exactly one succeeds, and the loser leaves nothing', async () => {
  await using root = await temporaryDirectory();
  const claims = await Promise.allSettled([1, 2, 3].map(() => RunDirectory.claim(root.path, first('box'))));
  expect(claims.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(claims.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'name_in_use', message: 'name box is already in use' },
  });
  expect(await readdir(root.path)).toEqual(['box']);
});

test('a name left by a dead owner is taken over', async () => {
  await using root = await temporaryDirectory();
  const path = await plant(root.path, { id: 'box', status: 'running' });
  await writeFile(join(path, 'leftover'), '');
  const claimed = await RunDirectory.claim(root.path, first('box'));
  expect(await readdir(claimed.path)).toEqual(['state.json']);
  expect(await readdir(root.path)).toEqual(['box']);
});

test('a reused process id does not keep a dead owner alive', async () => {
  await using root = await temporaryDirectory();
  await plant(root.path, { id: 'box', status: 'running', owner: { pid: process.pid, startTicks: '1' } });
  await expect(RunDirectory.claim(root.path, first('box'))).resolves.toBeInstanceOf(RunDirectory);
});

test('a kept record keeps its name until it is removed', async () => {
  await using root = await temporaryDirectory();
  await plant(root.path, { id: 'box', status: 'exited' });
  await expect(RunDirectory.claim(root.path, first('box'))).rejects.toMatchObject({
    code: 'name_in_use',
    remedy: expect.stringContaining('hako rm box') as unknown,
  });
  await removeSandbox('box', { runRoot: root.path });
  await expect(RunDirectory.claim(root.path, first('box'))).resolves.toBeInstanceOf(RunDirectory);
});

test('a directory that is no sandbox is never removed', async () => {
  await using root = await temporaryDirectory();
  await mkdir(join(root.path, 'photos'));
  await writeFile(join(root.path, 'photos', 'cat'), '');
  await expect(RunDirectory.claim(root.path, first('photos'))).rejects.toMatchObject({ code: 'name_in_use' });
  expect(await listSandboxes({ runRoot: root.path })).toEqual([]);
  expect(await readdir(join(root.path, 'photos'))).toEqual(['cat']);
});

test('release removes everything, or everything but record and logs', async () => {
  await using root = await temporaryDirectory();
  const outcome = { status: 'exited', finishedAt: '2026-01-02T00:00:00.000Z', exitCode: 3 } as const;
  for (const keep of [true, false]) {
    const claimed = await RunDirectory.claim(root.path, first(`keep-${keep}`));
    await mkdir(join(claimed.path, 'logs'));
    await writeFile(join(claimed.path, 'virtiofs.sock'), '');
    await claimed.release(keep ? outcome : undefined);
    // Too late to be written.
    await claimed.update({ status: 'running' });
  }
  expect(await readdir(root.path)).toEqual(['keep-true']);
  expect((await readdir(join(root.path, 'keep-true'))).sort()).toEqual(['logs', 'state.json']);
  expect(await readRecord(join(root.path, 'keep-true'))).toMatchObject(outcome);
});

test('changes of the record arrive in their order', async () => {
  await using root = await temporaryDirectory();
  const claimed = await RunDirectory.claim(root.path, first('box'));
  await Promise.all([
    claimed.update({ status: 'running' }),
    claimed.update({ exitCode: 3 }),
    claimed.update({ status: 'exited' }),
  ]);
  expect(await readRecord(claimed.path)).toMatchObject({ status: 'exited', exitCode: 3 });
});

test('the list shows the living and the kept, oldest first, and sweeps the dead away', async () => {
  await using root = await temporaryDirectory();
  await plant(root.path, { id: 'dead', status: 'running' });
  await plant(root.path, { id: '.claim-0123456789ab', status: 'starting' });
  await plant(root.path, { id: 'kept', status: 'exited', createdAt: '2026-02-01T00:00:00.000Z' });
  await mkdir(join(root.path, '.stale-0123456789ab'));
  await RunDirectory.claim(root.path, first('alive'));
  const listed = await listSandboxes({ runRoot: root.path });
  expect(listed.map(({ id }) => id)).toEqual(['alive', 'kept']);
  expect((await readdir(root.path)).sort()).toEqual(['alive', 'kept']);
});

test.for([
  { id: 'alpha', expected: 'alpha' },
  { id: 'alp', expected: 'alpha' },
  { id: 'a', error: 'begins the names of several sandboxes' },
  { id: 'x', error: 'no sandbox "x"' },
  { id: '', error: 'no sandbox ""' },
])('looking for $id', async ({ id, expected, error }) => {
  await using root = await temporaryDirectory();
  await plant(root.path, { id: 'alpha', status: 'exited' });
  await plant(root.path, { id: 'apple', status: 'exited' });
  const search = findSandbox(id, { runRoot: root.path });
  if (error === undefined) expect((await search).id).toBe(expected);
  else
    await expect(search).rejects.toMatchObject({
      code: 'sandbox_not_found',
      message: expect.stringContaining(error) as unknown,
    });
});

test('a running sandbox is removed only by force, and stopping an ended one is no error', async () => {
  await using root = await temporaryDirectory();
  await RunDirectory.claim(root.path, first('alive'));
  await expect(removeSandbox('alive', { runRoot: root.path })).rejects.toMatchObject({
    code: 'invalid_state',
  });
  await plant(root.path, { id: 'ended', status: 'exited' });
  await expect(stopSandbox('ended', { runRoot: root.path })).resolves.toMatchObject({ id: 'ended' });
});

async function identityOf(pid: number | undefined): Promise<ProcessIdentity> {
  const identity = await identifyProcess(pid ?? 0);
  if (identity === undefined) throw new Error('there is no such process');
  return identity;
}

test('an owner that dies of being asked to stop leaves nothing, even if its sandbox was to survive it', async () => {
  await using root = await temporaryDirectory();
  const owner = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const ended = once(owner, 'exit');
  try {
    await once(owner, 'spawn');
    const machine = await identityOf(process.pid);
    await plant(root.path, {
      id: 'box',
      status: 'running',
      owner: await identityOf(owner.pid),
      survival: {
        options: {},
        vm: { driver: 'none', version: 1, process: machine, state: {} },
        containers: [],
      },
    });
    await stopSandbox('box', { runRoot: root.path });
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(await readdir(root.path)).toEqual([]);
  } finally {
    owner.kill('SIGKILL');
  }
});
