// SPDX-License-Identifier: Apache-2.0
import { chmod, link, lstat, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { ContainerImage } from '../image/container-image.ts';
import { runTool } from '../run-tool.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { erofsImage, makeErofs } from './erofs-image.ts';
import { treeDigest } from './tree-digest.ts';

const hasErofs = await runTool('mkfs.erofs', ['--help'], { signal: undefined }).then(
  () => true,
  () => false,
);

async function makeTree(root: string): Promise<void> {
  await mkdir(join(root, 'sub'), { recursive: true });
  await writeFile(join(root, 'sub/file'), 'content');
  await symlink('sub/file', join(root, 'link'));
  await link(join(root, 'sub/file'), join(root, 'second'));
}

/** Waits until what changes from now on has another time than what has changed before: the clock of files goes in steps. */
async function nextStep(): Promise<void> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'file');
  const touch = async (): Promise<bigint> => {
    await writeFile(path, '');
    return (await lstat(path, { bigint: true })).ctimeNs;
  };
  const before = await touch();
  while ((await touch()) === before);
}

const imageOf = (rootfs: string, contentKey?: string): ContainerImage => ({
  ...{ reference: 'test', rootfs, readOnly: false, command: [], entrypoint: [], env: [], cwd: '/', user: '' },
  ...(contentKey === undefined ? {} : { contentKey }),
});

describe('the digest of a tree', () => {
  test.for<[string, (root: string) => Promise<unknown>]>([
    ['content', (root) => writeFile(join(root, 'sub/file'), 'other!!')],
    [
      'content whose time is set back',
      async (root) => {
        await writeFile(join(root, 'sub/file'), 'other!!');
        await utimes(join(root, 'sub/file'), 1, 1);
      },
    ],
    ['a mode', (root) => chmod(join(root, 'sub/file'), 0o600)],
    ['a new file', (root) => writeFile(join(root, 'new'), '')],
    ['a file less', (root) => rm(join(root, 'second'))],
    [
      'a name that is not text',
      (root) => writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff])]), ''),
    ],
  ])('changes with %s', async ([, change]) => {
    await using directory = await temporaryDirectory();
    await makeTree(directory.path);
    const before = await treeDigest(directory.path, undefined);
    expect(await treeDigest(directory.path, undefined)).toBe(before);
    await nextStep();
    await change(directory.path);
    expect(await treeDigest(directory.path, undefined)).not.toBe(before);
  });

  test('stops when it is told to', async () => {
    await using directory = await temporaryDirectory();
    await expect(treeDigest(directory.path, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe.skipIf(!hasErofs)('an image of a root file system (skipped without mkfs.erofs)', () => {
  test('the same tree gives the same bytes, with the times of its files', async () => {
    await using directory = await temporaryDirectory();
    const tree = join(directory.path, 'tree');
    await makeTree(tree);
    await utimes(join(tree, 'sub/file'), 1_000_000_000, 1_000_000_000);
    const paths = ['one', 'two'].map((name) => join(directory.path, name));
    const options = { digest: 'ab'.repeat(32), signal: undefined };
    for (const path of paths) await makeErofs(tree, path, options);
    const [one, two] = await Promise.all(paths.map((path) => readFile(path)));
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
    const facts = await runTool('dump.erofs', ['--path=/sub/file', paths[0] ?? ''], { signal: undefined });
    expect(facts).toContain('Timestamp: 2001-09-09');
    expect(facts).toContain('Links: 2');
  });

  test('it is made once per content', async () => {
    await using directory = await temporaryDirectory();
    const tree = join(directory.path, 'tree');
    const options = { cacheDirectory: join(directory.path, 'cache'), signal: undefined };
    await makeTree(tree);
    const first = await erofsImage(imageOf(tree), options);
    expect(await erofsImage(imageOf(tree), options)).toBe(first);
    await nextStep();
    await writeFile(join(tree, 'more'), '');
    expect(await erofsImage(imageOf(tree), options)).not.toBe(first);
    const [keyed, again] = await Promise.all([
      erofsImage(imageOf(tree, 'key'), options),
      erofsImage(imageOf(tree, 'key'), options),
    ]);
    expect(keyed).toBe(again);
    await rm(tree, { recursive: true });
    expect(await erofsImage(imageOf(tree, 'key'), options)).toBe(keyed);
  });

  test('an attempt that fails leaves nothing behind', async () => {
    await using directory = await temporaryDirectory();
    const options = { cacheDirectory: join(directory.path, 'cache'), signal: undefined };
    const missing = imageOf(join(directory.path, 'missing'), 'key');
    await expect(erofsImage(missing, options)).rejects.toMatchObject({ code: 'tool_failed' });
    await mkdir(missing.rootfs);
    expect(await readFile(await erofsImage(missing, options))).not.toHaveLength(0);
  });
});
