// SPDX-License-Identifier: Apache-2.0
import type { CopyFileRequest, DeepPartial } from '@hako/protocols/agent';
import { Status } from 'nice-grpc-common';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  pathExists,
  readText,
  readUntil,
  shellOutput,
  shellWord,
  writeText,
} from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

const [regular, directory, link] = [0o100000, 0o040000, 0o120000];
/** Also for an emulated guest. */
const slow = { timeout: 20_000, interval: 100 };
const isRoot = process.getuid?.() === 0;

describe.each(testedAgents)('CopyFile $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  beforeEach(async () => {
    if (skip) return;
    const { kataDir, sharedDir } = agent().paths;
    await shellOutput(
      agent(),
      `rm -rf ${sharedDir} ${kataDir}/outside ${kataDir}/report; mkdir -p ${sharedDir}`,
    );
  });
  // A guest's agent is root; the one on fakes is whoever runs the tests.
  const owner =
    kind === 'guest' ? { uid: 0, gid: 0 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  function at({ paths }: TestedAgentHarness, name: string): string {
    return `${paths.sharedDir}/${name}`;
  }

  async function send(
    harness: TestedAgentHarness,
    name: string,
    request: DeepPartial<CopyFileRequest> & { text?: string },
  ): Promise<void> {
    const { text = '', ...rest } = request;
    const data = Buffer.from(text);
    await harness.client.copyFile({
      path: at(harness, name),
      fileSize: BigInt(data.length),
      fileMode: regular | 0o640,
      dirMode: 0o750,
      ...owner,
      data,
      ...rest,
    });
  }

  /** Permissions, owner, group and kind, links not followed. */
  async function look(harness: TestedAgentHarness, name: string): Promise<string> {
    return (await shellOutput(harness, `stat -c '%a %u %g %F' ${shellWord(at(harness, name))}`)).trim();
  }

  async function list(harness: TestedAgentHarness, dir: string): Promise<string> {
    return (await shellOutput(harness, `ls -A ${shellWord(dir)}`)).trim();
  }

  test.skipIf(skip)('writes a file with its mode, and its parents with theirs', async () => {
    const harness = agent();
    await send(harness, 'a/b/file', { text: 'hello', dirMode: 0x8000_0000 + 0o710 });
    expect(await readText(harness, at(harness, 'a/b/file'))).toBe('hello');
    expect(await look(harness, 'a/b/file')).toMatch(/^640 .*regular file$/);
    expect(await look(harness, 'a/b')).toMatch(/^710 .*directory$/);
  });

  test.skipIf(skip).each([
    { title: 'no mode', dirMode: 0, mode: '750' },
    { title: "only Go's directory bit", dirMode: 0x8000_0000, mode: '750' },
    { title: 'more bits than permissions', dirMode: 0o7700, mode: '700' },
  ])('makes parents of $title searchable', async ({ dirMode, mode }) => {
    const harness = agent();
    await send(harness, 'dir/file', { dirMode });
    expect((await look(harness, 'dir')).split(' ')[0]).toBe(mode);
  });

  test.skipIf(skip)('takes an empty file in one request, and a mode without type', async () => {
    const harness = agent();
    await send(harness, 'empty', { fileMode: 0o600 });
    expect(await look(harness, 'empty')).toMatch(/^600 .*regular empty file$/);
  });

  test.skipIf(skip)('collects pieces in any order and shows the file when its size is reached', async () => {
    const harness = agent();
    const path = at(harness, 'file');
    await send(harness, 'file', { text: 'aa', offset: 0n, fileSize: 6n });
    await send(harness, 'file', { text: 'bb', offset: 2n, fileSize: 6n });
    await send(harness, 'file', { text: 'bb', offset: 2n, fileSize: 6n });
    expect(await pathExists(harness, path)).toBe(false);
    await send(harness, 'file', { text: 'cc', offset: 4n, fileSize: 6n });
    expect(await readText(harness, path)).toBe('aabbcc');
    expect(await list(harness, harness.paths.sharedDir)).toBe('file');
  });

  test.skipIf(skip)('keeps files apart whose names differ in the extension only', async () => {
    const harness = agent();
    for (const [offset, piece] of [
      [0n, '1'],
      [2n, '2'],
    ] as const) {
      await send(harness, 'tls.crt', { text: `c${piece}`, offset, fileSize: 4n });
      await send(harness, 'tls.key', { text: `k${piece}`, offset, fileSize: 4n });
    }
    expect(await readText(harness, at(harness, 'tls.crt'))).toBe('c1c2');
    expect(await readText(harness, at(harness, 'tls.key'))).toBe('k1k2');
  });

  test.skipIf(skip)('never shows a file that has grown beyond its size', async () => {
    const harness = agent();
    await send(harness, 'file', { text: 'too long', fileSize: 3n });
    expect(await pathExists(harness, at(harness, 'file'))).toBe(false);
  });

  test.skipIf(skip)('takes a name of the greatest length', async () => {
    const harness = agent();
    await send(harness, 'n'.repeat(255), { text: 'x' });
    expect(await readText(harness, at(harness, 'n'.repeat(255)))).toBe('x');
  });

  const prepared: readonly { readonly thing: string; readonly script: string }[] = [
    { thing: 'file', script: 'echo old > x' },
    { thing: 'link', script: 'ln -s other x' },
    { thing: 'full directory', script: 'mkdir x && echo old > x/inner' },
    { thing: 'pipe', script: 'mkfifo x' },
  ];
  test.skipIf(skip).each(prepared)('replaces a $thing by a link, and by a file', async ({ script }) => {
    const harness = agent();
    await send(harness, 'other', { text: 'untouched' });
    await shellOutput(harness, `cd ${harness.paths.sharedDir} && ${script}`);
    await send(harness, 'x', { text: '..data/target', fileMode: link | 0o777 });
    expect(await shellOutput(harness, `readlink ${at(harness, 'x')}`)).toBe('..data/target\n');
    await shellOutput(harness, `cd ${harness.paths.sharedDir} && rm x && ${script}`);
    await send(harness, 'x', { text: 'new' });
    expect(await look(harness, 'x')).toContain('regular file');
    expect(await readText(harness, at(harness, 'other'))).toBe('untouched');
  });

  test.skipIf(skip)('swaps the link of a configuration map to its next directory at once', async () => {
    const harness = agent();
    await send(harness, 'map/..1/key', { text: 'one' });
    await send(harness, 'map/..data', { text: '..1', fileMode: link });
    await send(harness, 'map/key', { text: '..data/key', fileMode: link });
    await send(harness, 'map/..2/key', { text: 'two' });
    expect(await readText(harness, at(harness, 'map/key'))).toBe('one');
    const report = `${harness.paths.kataDir}/report`;
    await readUntil(harness, at(harness, 'map/key'), 'two', report);
    await send(harness, 'map/..data', { text: '..2', fileMode: link });
    await expect.poll(() => harness.shell(`cat ${report}`), slow).toMatchObject({ stdout: 'complete\n' });
    expect(await readText(harness, at(harness, 'map/key'))).toBe('two');
  });

  test.skipIf(skip)('keeps a directory with its content, and puts one in the place of a file', async () => {
    const harness = agent();
    await send(harness, 'dir/inner', { text: 'kept' });
    await send(harness, 'dir', { fileMode: directory | 0o2711 });
    expect(await readText(harness, at(harness, 'dir/inner'))).toBe('kept');
    expect(await look(harness, 'dir')).toMatch(/^2711 /);
    await send(harness, 'dir/inner', { fileMode: directory | 0o700 });
    expect(await look(harness, 'dir/inner')).toMatch(/^700 .*directory$/);
  });

  test.skipIf(skip)('follows a link that stays inside', async () => {
    const harness = agent();
    await send(harness, 'real/file', { text: 'old' });
    await send(harness, 'alias', { text: 'real', fileMode: link });
    await send(harness, 'alias/file', { text: 'new' });
    expect(await readText(harness, at(harness, 'real/file'))).toBe('new');
  });

  test.skipIf(skip).each([
    { title: 'outside', path: () => '/etc/hako-test' },
    { title: 'beside the directory', path: (dir: string) => `${dir}-evil/x` },
    { title: 'upwards', path: (dir: string) => `${dir}/../../x` },
    { title: 'upwards and back', path: (dir: string) => `${dir}/a/../b` },
    { title: 'of the directory itself', path: (dir: string) => `${dir}/` },
    { title: 'that is relative', path: () => 'x' },
    { title: 'that is empty', path: () => '' },
    { title: 'with a NUL', path: (dir: string) => `${dir}/a\0b` },
  ])('refuses a path $title [INTERNAL]', async ({ path }) => {
    const harness = agent();
    await expect(send(harness, '', { path: path(harness.paths.sharedDir) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'path_refused'),
    );
  });

  test.skipIf(skip).each([
    { title: 'a device node', fileMode: 0o060000 },
    { title: 'a terminal', fileMode: 0o020000 },
    { title: 'a pipe', fileMode: 0o010000 },
    { title: 'a socket', fileMode: 0o140000 },
    { title: 'a type there is not', fileMode: 0o170000 },
    { title: "a directory in Go's form", fileMode: 0x8000_0000 + 0o755 },
  ])('refuses the mode of $title [INTERNAL]', async ({ fileMode }) => {
    const harness = agent();
    await expect(send(harness, 'x', { text: 'x', fileMode })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'path_refused'),
    );
    expect(await pathExists(harness, at(harness, 'x'))).toBe(false);
  });

  test.skipIf(skip).each([
    { title: 'an absolute link', target: (dir: string) => dir },
    { title: 'a relative link', target: () => '../../outside' },
    { title: 'a link to all', target: () => '/' },
    { title: 'a magic link', target: () => '/proc/self/root' },
  ])('is not led out by $title that was written before [INTERNAL]', async ({ target }) => {
    const harness = agent();
    const outside = `${harness.paths.kataDir}/outside`;
    await shellOutput(harness, `mkdir -p ${outside}`);
    await send(harness, 'door', { text: target(outside), fileMode: link });
    for (const fileMode of [regular, directory, link]) {
      await expect(send(harness, 'door/x', { text: 'x', fileMode })).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
    }
    expect(await list(harness, outside)).toBe('');
    expect(await pathExists(harness, '/x')).toBe(false);
  });

  test.skipIf(skip).each([
    { title: 'a link', plant: (victim: string, path: string) => `ln -s ${victim} ${path}` },
    { title: 'a second name of a file', plant: (victim: string, path: string) => `ln ${victim} ${path}` },
    { title: 'a pipe', plant: (_victim: string, path: string) => `mkfifo ${path}` },
  ])('does not write through $title planted where pieces are collected [INTERNAL]', async ({ plant }) => {
    const harness = agent();
    const { sharedDir } = harness.paths;
    await send(harness, 'file', { text: 'a', fileSize: 2n });
    const partial = at(harness, await list(harness, sharedDir));
    // Hard links do not cross file systems.
    const victim = at(harness, 'victim');
    await writeText(harness, victim, 'safe');
    await shellOutput(harness, `rm -f ${partial} && ${plant(victim, partial)}`);
    await expect(send(harness, 'file', { text: 'b', offset: 1n, fileSize: 2n })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    expect(await readText(harness, victim)).toBe('safe');
  });

  test.skipIf(skip).each([
    { title: 'a negative offset', request: { offset: -1n } },
    { title: 'a negative size', request: { fileSize: -1n } },
    { title: 'an offset beyond all files', request: { offset: 2n ** 63n - 1n } },
    { title: 'an offset that does not fit a number', request: { offset: 2n ** 54n } },
    { title: 'a link without target', request: { fileMode: link, text: '' } },
    { title: 'a link with a NUL', request: { fileMode: link, text: 'a\0b' } },
  ])('refuses $title [INTERNAL]', async ({ request }) => {
    const harness = agent();
    await expect(send(harness, 'file', { text: 'x', ...request })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    expect(await pathExists(harness, at(harness, 'file'))).toBe(false);
  });

  test.skipIf(skip || !isRoot)('gives files, links and the nearest parent to their owner', async () => {
    const harness = agent();
    await send(harness, 'p/q/file', { text: 'x', uid: 1234, gid: 2345, fileMode: regular | 0o6755 });
    await send(harness, 'p/q/link', { text: 'file', uid: 1234, gid: 2345, fileMode: link });
    for (const name of ['p/q', 'p/q/file', 'p/q/link'])
      expect(await look(harness, name)).toMatch(/^\d+ 1234 2345 /);
    expect(await look(harness, 'p')).toMatch(/^\d+ 0 0 /);
    expect(await look(harness, 'p/q/file')).toMatch(/^6755 /);
  });
});
