// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmod, chown, link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { guestPaths } from '@hako/protocols';
import { expect, test } from 'vitest';

import { CopiedFiles } from '../testing/copied-files.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { copyTree } from './copy-tree.ts';

const destination = `${guestPaths.sharedContainers}v`;
const { signal } = new AbortController();
const isRoot = process.getuid?.() === 0;
const rootOnly = isRoot ? '' : ' (skipped: not root)';

async function scratch() {
  const directory = await temporaryDirectory();
  const source = join(directory.path, 'source');
  await mkdir(source);
  return { source, directory: directory.path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

test('directories, files and links arrive with their modes, and a parent before what is in it [proves share none]', async () => {
  await using at = await scratch();
  await mkdir(join(at.source, 'a/b'), { recursive: true });
  await writeFile(join(at.source, 'a/b/deep'), 'deep', { mode: 0o600 });
  await writeFile(join(at.source, 'tool'), 'tool');
  await chmod(join(at.source, 'tool'), 0o4755);
  await chmod(join(at.source, 'a'), 0o1770);
  await symlink('../../outside', join(at.source, 'a/link'));
  const guest = new CopiedFiles();
  await copyTree(at.source, destination, guest, signal);
  const facts = [...guest.files].map(([path, { kind, mode, content }]) => [path, kind, mode, content]);
  expect(facts.sort()).toEqual([
    ['v', 'directory', 0o755, ''],
    ['v/a', 'directory', 0o1770, ''],
    ['v/a/b', 'directory', 0o755, ''],
    ['v/a/b/deep', 'file', 0o600, 'deep'],
    ['v/a/link', 'link', 0o777, '../../outside'],
    ['v/tool', 'file', 0o4755, 'tool'],
  ]);
  for (const [index, path] of guest.order.entries()) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent !== '') expect(guest.order.slice(0, index)).toContain(parent);
  }
});

test.skipIf(!isRoot)(`owners arrive, although a file gives its own to its directory${rootOnly}`, async () => {
  await using at = await scratch();
  await mkdir(join(at.source, 'd'));
  await writeFile(join(at.source, 'd/f'), '');
  await chown(join(at.source, 'd/f'), 1001, 1002);
  await chown(join(at.source, 'd'), 7, 8);
  const guest = new CopiedFiles();
  await copyTree(at.source, destination, guest, signal);
  const owner = (path: string) => [guest.files.get(path)?.uid, guest.files.get(path)?.gid];
  expect([owner('v'), owner('v/d'), owner('v/d/f')]).toEqual([
    [0, 0],
    [7, 8],
    [1001, 1002],
  ]);
});

test('special files are left out; one alone is share_failed', async () => {
  await using at = await scratch();
  execFileSync('mkfifo', [join(at.source, 'pipe')]);
  await writeFile(join(at.source, 'file'), '');
  const guest = new CopiedFiles();
  await copyTree(at.source, destination, guest, signal);
  expect([...guest.files.keys()].sort()).toEqual(['v', 'v/file']);
  await expect(copyTree(join(at.source, 'pipe'), destination, guest, signal)).rejects.toMatchObject({
    code: 'share_failed',
    remedy: 'share it by virtio-fs',
  });
});

test('a directory that becomes a link while it is copied leads nowhere', async () => {
  await using at = await scratch();
  const secret = join(at.directory, 'secret');
  await mkdir(secret);
  await writeFile(join(secret, 'key'), 'secret');
  await mkdir(join(at.source, 'inner'));
  await writeFile(join(at.source, 'inner/key'), 'harmless');
  const guest = new CopiedFiles();
  guest.before = async (path) => {
    // Between the look at the directory and the look into it.
    if (path !== 'v/inner') return;
    await rename(join(at.source, 'inner'), join(at.directory, 'moved'));
    await symlink(secret, join(at.source, 'inner'));
  };
  await copyTree(at.source, destination, guest, signal);
  expect([...guest.files.values()].map(({ content }) => content)).not.toContain('secret');
});

test('what vanishes meanwhile is left out', async () => {
  await using at = await scratch();
  await writeFile(join(at.source, 'gone'), 'gone');
  const guest = new CopiedFiles();
  guest.before = (path) => (path === 'v' ? rm(join(at.source, 'gone')) : undefined);
  await copyTree(at.source, destination, guest, signal);
  expect([...guest.files.keys()]).toEqual(['v']);
});

test('several names of one file are several files, and odd names stay as they are', async () => {
  await using at = await scratch();
  await writeFile(join(at.source, 'one'), 'same');
  await link(join(at.source, 'one'), join(at.source, '-o a\n$(b) ü'));
  const guest = new CopiedFiles();
  await copyTree(at.source, destination, guest, signal);
  expect([...guest.files.keys()].sort()).toEqual(['v', 'v/-o a\n$(b) ü', 'v/one']);
});

test('a guest that refuses a file is share_failed with the name of the file on the host', async () => {
  await using at = await scratch();
  await writeFile(join(at.source, 'big'), 'x');
  const guest = new CopiedFiles();
  guest.before = (path) => {
    if (path === 'v/big') throw new Error('no space left on device');
  };
  await expect(copyTree(at.source, destination, guest, signal)).rejects.toMatchObject({
    code: 'share_failed',
    message: `${join(at.source, 'big')} cannot be copied into the guest: no space left on device`,
  });
});

test('directories without end are refused', async () => {
  await using at = await scratch();
  await mkdir(join(at.source, 'd/'.repeat(80)), { recursive: true });
  await expect(copyTree(at.source, destination, new CopiedFiles(), signal)).rejects.toMatchObject({
    code: 'share_failed',
    message: expect.stringContaining('64 deep') as unknown,
  });
});

test('an abort ends the copying', async () => {
  await using at = await scratch();
  for (let index = 0; index < 30; index += 1) await writeFile(join(at.source, `f${index}`), '');
  const controller = new AbortController();
  const guest = new CopiedFiles();
  guest.before = (path) => {
    if (path === 'v/f3') controller.abort();
  };
  await expect(copyTree(at.source, destination, guest, controller.signal)).rejects.toMatchObject({
    code: 'aborted',
  });
  expect(guest.files.size).toBeLessThan(30);
});
