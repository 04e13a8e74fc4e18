// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launchPrefix } from './launch-prefix.ts';

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

test('a namespace without nsenter is refused', async () => {
  await using directory = await toolDirectory('setpriv');
  await expect(launchPrefix({ networkNamespacePath, directories: [directory.path] })).rejects.toMatchObject({
    code: 'unsupported',
    operand: 'nsenter',
  });
});
