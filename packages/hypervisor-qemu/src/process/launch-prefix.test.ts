// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { launchPrefix } from './launch-prefix.ts';

const run = promisify(execFile);

async function toolDirectory(...tools: readonly string[]) {
  const path = await mkdtemp(join(tmpdir(), 'hako-'));
  for (const tool of tools) {
    await writeFile(join(path, tool), '');
    await chmod(join(path, tool), 0o755);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const networkNamespacePath = '/run/netns/blue';

test.each([
  { tools: [], words: [] },
  { tools: ['setpriv'], words: ['setpriv', '--pdeathsig', 'KILL'] },
  { tools: ['nsenter', 'setpriv'], words: ['setpriv', '--pdeathsig', 'KILL'] },
])('without a namespace $tools lead to $words', async ({ tools, words }) => {
  await using directory = await toolDirectory(...tools);
  const prefix = await launchPrefix({ directories: ['/nonexistent', directory.path] });
  expect(prefix.map((word) => word.replace(`${directory.path}/`, ''))).toEqual(words);
});

test('a namespace is entered before anything else, by programs that become the next one', async () => {
  await using directory = await toolDirectory('nsenter', 'setpriv');
  const prefix = await launchPrefix({ networkNamespacePath, directories: [directory.path] });
  expect(prefix).toEqual([
    `${directory.path}/nsenter`,
    '--net=/run/netns/blue',
    '--',
    `${directory.path}/setpriv`,
    '--pdeathsig',
    'KILL',
  ]);
});

test('a network and a mount namespace are entered together', async () => {
  await using directory = await toolDirectory('nsenter');
  const mountNamespacePath = '/run/hako/box/namespace';
  const directories = [directory.path];
  expect(await launchPrefix({ networkNamespacePath, mountNamespacePath, directories })).toEqual([
    `${directory.path}/nsenter`,
    '--net=/run/netns/blue',
    '--mount=/run/hako/box/namespace',
    '--',
  ]);
  expect(await launchPrefix({ mountNamespacePath, directories })).toContain(`--mount=${mountNamespacePath}`);
});

test('control groups are entered before everything else', async () => {
  await using directory = await toolDirectory('nsenter', 'setpriv');
  const controlGroupFiles = [`${directory.path}/one`, `${directory.path}/two words`];
  for (const file of controlGroupFiles) await writeFile(file, '');
  const [shell = '', ...words] = await launchPrefix({
    networkNamespacePath,
    controlGroupFiles,
    directories: [directory.path],
  });
  expect(words.slice(-6).map((word) => basename(word))).toEqual([
    'nsenter',
    'blue',
    '--',
    'setpriv',
    '--pdeathsig',
    'KILL',
  ]);
  const entering = words.slice(0, words.indexOf('--') + 1);
  expect(await run(shell, [...entering, 'printf', '%s', 'became this'])).toMatchObject({
    stdout: 'became this',
  });
  for (const file of controlGroupFiles) expect(await readFile(file, 'utf8')).toBe('0\n');
  const missing = entering.map((word) => (word.endsWith('/one') ? `${directory.path}/none/x` : word));
  await expect(run(shell, [...missing, 'echo', 'not reached'])).rejects.toMatchObject({ stdout: '' });
});

test('a namespace without nsenter is refused', async () => {
  await using directory = await toolDirectory('setpriv');
  await expect(launchPrefix({ networkNamespacePath, directories: [directory.path] })).rejects.toMatchObject({
    code: 'unsupported',
    operand: 'nsenter',
  });
});

test('what survives its owner is not killed with it', async () => {
  await using directory = await toolDirectory('setpriv', 'nsenter');
  const survivor = { survivesOwner: true, directories: [directory.path] };
  expect(await launchPrefix(survivor)).toEqual([]);
  expect(await launchPrefix({ ...survivor, networkNamespacePath })).toEqual([
    `${directory.path}/nsenter`,
    '--net=/run/netns/blue',
    '--',
  ]);
});
