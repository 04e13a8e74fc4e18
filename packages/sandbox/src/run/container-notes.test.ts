// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ContainerNotes, listContainers } from './container-notes.ts';

const process = {
  env: ['A=b'],
  cwd: '/',
  user: { uid: 0, gid: 0, additionalGids: [5] },
  rlimits: [{ type: 'RLIMIT_NOFILE', soft: '10', hard: '18446744073709551615' }],
  noNewPrivileges: true,
};

test('containers are noted by several processes, listed by age, and forgotten', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hako-notes-'));
  await using _removed = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
  const ours = new ContainerNotes(directory);
  const theirs = new ContainerNotes(directory);
  expect(await listContainers({ directory })).toEqual([]);
  await ours.add({ id: 'web', command: ['serve'], process });
  await theirs.add({ id: 'cache', command: ['store', '-v'], process });
  await writeFile(join(directory, 'containers/half.json'), '{');
  const listed = await listContainers({ directory });
  expect(listed.map(({ id }) => id).toSorted()).toEqual(['cache', 'web']);
  expect(listed.find(({ id }) => id === 'cache')).toMatchObject({ command: ['store', '-v'], process });
  await ours.notePaused('cache', true);
  expect((await listContainers({ directory })).map(({ id, paused }) => [id, paused]).toSorted()).toEqual([
    ['cache', true],
    ['web', undefined],
  ]);
  await theirs.noteEnd('cache', 3);
  await ours.noteEnd('nobody', 1);
  const after = await listContainers({ directory });
  expect(after.map(({ id, exitCode, paused }) => [id, exitCode, paused]).toSorted()).toEqual([
    ['cache', 3, undefined],
    ['web', undefined, undefined],
  ]);
  await ours.remove('cache');
  await ours.remove('cache');
  expect((await listContainers({ directory })).map(({ id }) => id)).toEqual(['web']);
});
