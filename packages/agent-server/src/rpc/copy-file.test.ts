// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CopyFileRequest, DeepPartial } from '@hako/protocols/agent';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { type AgentHarness, startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

const [regular, directory, link] = [0o100000, 0o040000, 0o120000];
const isRoot = process.getuid?.() === 0;
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function send(
  harness: AgentHarness,
  name: string,
  request: DeepPartial<CopyFileRequest> & { text?: string },
) {
  const { text = '', ...rest } = request;
  const data = Buffer.from(text);
  return harness.client.copyFile({
    path: `${harness.paths.sharedDir}/${name}`,
    fileSize: BigInt(data.length),
    fileMode: regular | 0o640,
    dirMode: 0o750,
    ...owner,
    data,
    ...rest,
  });
}

describe('CopyFile', () => {
  test('writes a file with its mode, and its parents with theirs', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'a/b/file', { text: 'hello', dirMode: 0x8000_0000 + 0o710 });
    const path = join(harness.paths.sharedDir, 'a/b/file');
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect((await stat(path)).mode & 0o7777).toBe(0o640);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o710);
  });

  test.each([
    { title: 'no mode', dirMode: 0, mode: 0o750 },
    { title: "only Go's directory bit", dirMode: 0x8000_0000, mode: 0o750 },
    { title: 'more bits than permissions', dirMode: 0o7700, mode: 0o700 },
  ])('makes parents of $title searchable', async ({ dirMode, mode }) => {
    await using harness = await startFakeAgent();
    await send(harness, 'dir/file', { dirMode });
    expect((await stat(join(harness.paths.sharedDir, 'dir'))).mode & 0o777).toBe(mode);
  });

  test('takes an empty file in one request', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'empty', {});
    expect(await readFile(join(harness.paths.sharedDir, 'empty'), 'utf8')).toBe('');
  });

  test('collects pieces in any order, again if need be, and shows the file when its size is reached', async () => {
    await using harness = await startFakeAgent();
    const path = join(harness.paths.sharedDir, 'file');
    await send(harness, 'file', { text: 'aa', offset: 0n, fileSize: 6n });
    await send(harness, 'file', { text: 'bb', offset: 2n, fileSize: 6n });
    await send(harness, 'file', { text: 'bb', offset: 2n, fileSize: 6n });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await send(harness, 'file', { text: 'cc', offset: 4n, fileSize: 6n });
    expect(await readFile(path, 'utf8')).toBe('aabbcc');
    expect(await readdir(harness.paths.sharedDir)).toEqual(['file']);
  });

  test('keeps files apart whose names differ in the extension only', async () => {
    await using harness = await startFakeAgent();
    for (const [offset, piece] of [
      [0n, '1'],
      [1n, '2'],
    ] as const) {
      await send(harness, 'tls.crt', { text: `c${piece}`, offset: offset * 2n, fileSize: 4n });
      await send(harness, 'tls.key', { text: `k${piece}`, offset: offset * 2n, fileSize: 4n });
    }
    expect(await readFile(join(harness.paths.sharedDir, 'tls.crt'), 'utf8')).toBe('c1c2');
    expect(await readFile(join(harness.paths.sharedDir, 'tls.key'), 'utf8')).toBe('k1k2');
  });

  test('never shows a file that has grown beyond its size', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'file', { text: 'too long', fileSize: 3n });
    await expect(stat(join(harness.paths.sharedDir, 'file'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('takes a name of the greatest length', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'n'.repeat(255), { text: 'x' });
    expect(await readFile(join(harness.paths.sharedDir, 'n'.repeat(255)), 'utf8')).toBe('x');
  });

  test.each(['file', 'full directory', 'link'])('replaces a %s by a link, and by a file', async (kind) => {
    await using harness = await startFakeAgent();
    const path = join(harness.paths.sharedDir, 'x');
    const prepare = async () => {
      await send(harness, 'other', { text: 'untouched' });
      if (kind === 'file') await send(harness, 'x', { text: 'old' });
      if (kind === 'link') await send(harness, 'x', { text: 'other', fileMode: link });
      if (kind === 'full directory') await send(harness, 'x/inner', { text: 'old' });
    };
    await prepare();
    await send(harness, 'x', { text: '..data/target', fileMode: link | 0o777 });
    expect(await readlink(path)).toBe('..data/target');
    await harness.client.removeContainer({ containerId: 'none' }).catch(() => undefined);
    await send(harness, 'x', { text: 'new' });
    expect((await lstat(path)).isFile()).toBe(true);
    expect(await readFile(join(harness.paths.sharedDir, 'other'), 'utf8')).toBe('untouched');
  });

  test('keeps a directory with its content, and puts one in the place of a file', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'dir/inner', { text: 'kept' });
    await send(harness, 'dir', { fileMode: directory | 0o2711 });
    expect(await readFile(join(harness.paths.sharedDir, 'dir/inner'), 'utf8')).toBe('kept');
    expect((await stat(join(harness.paths.sharedDir, 'dir'))).mode & 0o7777).toBe(0o2711);
    await send(harness, 'dir/inner', { fileMode: directory | 0o700 });
    expect((await stat(join(harness.paths.sharedDir, 'dir/inner'))).isDirectory()).toBe(true);
  });

  test('follows a link that stays inside', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'real/file', { text: 'old' });
    await send(harness, 'alias', { text: 'real', fileMode: link });
    await send(harness, 'alias/file', { text: 'new' });
    expect(await readFile(join(harness.paths.sharedDir, 'real/file'), 'utf8')).toBe('new');
  });

  test.each([
    { title: 'outside', path: () => '/etc/hako-test' },
    { title: 'beside the directory', path: (dir: string) => `${dir}-evil/x` },
    { title: 'upwards', path: (dir: string) => `${dir}/../../x` },
    { title: 'upwards and back', path: (dir: string) => `${dir}/a/../b` },
    { title: 'of the directory itself', path: (dir: string) => `${dir}/` },
    { title: 'that is relative', path: () => 'x' },
  ])('refuses a path $title', async ({ path }) => {
    await using harness = await startFakeAgent();
    await expect(send(harness, '', { path: path(harness.paths.sharedDir) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'path_refused'),
    );
  });

  test.each([
    { title: 'by an absolute link', target: (dir: string) => dir },
    { title: 'by a relative link', target: () => '../../outside' },
  ])('is not led out $title', async ({ target }) => {
    await using harness = await startFakeAgent();
    const { kataDir, sharedDir } = harness.paths;
    const outside = join(kataDir, 'outside');
    await mkdir(outside, { recursive: true });
    await mkdir(sharedDir, { recursive: true });
    await symlink(target(outside), join(sharedDir, 'door'));
    for (const fileMode of [regular, directory, link]) {
      await expect(send(harness, 'door/x', { text: 'x', fileMode })).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
    }
    expect(await readdir(outside)).toEqual([]);
  });

  test('does not write through something planted where pieces are collected', async () => {
    await using harness = await startFakeAgent();
    const { sharedDir, kataDir } = harness.paths;
    await send(harness, 'file', { text: 'a', fileSize: 2n });
    const [partial = ''] = await readdir(sharedDir);
    const victim = join(kataDir, 'victim');
    await writeFile(victim, 'safe');
    for (const plant of [
      () => symlink(victim, join(sharedDir, partial)),
      () => Promise.resolve(execFileSync('mkfifo', [join(sharedDir, partial)])),
      () => Promise.resolve(execFileSync('ln', [victim, join(sharedDir, partial)])),
    ]) {
      execFileSync('rm', ['-f', join(sharedDir, partial)]);
      await plant();
      await expect(send(harness, 'file', { text: 'b', offset: 1n, fileSize: 2n })).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
    }
    expect(await readFile(victim, 'utf8')).toBe('safe');
  });

  test.each([
    { title: 'a negative offset', numbers: { offset: -1n } },
    { title: 'a negative size', numbers: { fileSize: -1n } },
    { title: 'an offset beyond all files', numbers: { offset: 2n ** 63n - 1n } },
    { title: 'an offset that does not fit a number', numbers: { offset: 2n ** 54n } },
  ])('refuses $title', async ({ numbers }) => {
    await using harness = await startFakeAgent();
    await expect(send(harness, 'file', { text: 'x', ...numbers })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
  });

  test.skipIf(!isRoot)('gives files, links and the nearest parent to their owner', async () => {
    await using harness = await startFakeAgent();
    await send(harness, 'p/q/file', { text: 'x', uid: 1234, gid: 2345, fileMode: regular | 0o6755 });
    await send(harness, 'p/q/link', { text: 'file', uid: 1234, gid: 2345, fileMode: link });
    const at = (name: string) => lstat(join(harness.paths.sharedDir, name));
    for (const name of ['p/q', 'p/q/file', 'p/q/link'])
      expect(await at(name)).toMatchObject({ uid: 1234, gid: 2345 });
    expect((await at('p')).uid).toBe(0);
    expect((await at('p/q/file')).mode & 0o7777).toBe(0o6755);
  });
});
