// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { startFileShare } from './file-share.ts';
import { isListed } from './listening-socket.ts';
import { findVirtiofsd, virtiofsdArguments } from './virtiofsd-command.ts';

test.for([
  {
    flavour: 'c' as const,
    expected: [
      '/d',
      '-f',
      '--socket-path=/run/s',
      '-o',
      String.raw`source=/a\,b`,
      '-o',
      'cache=auto,sandbox=namespace,announce_submounts',
    ],
  },
  {
    flavour: 'rust' as const,
    expected: [
      '/d',
      '--socket-path=/run/s',
      '--shared-dir=/a,b',
      '--cache=auto',
      '--sandbox=namespace',
      '--announce-submounts',
      '--inode-file-handles=never',
    ],
  },
])('the $flavour daemon is told in its own words', ({ flavour, expected }) => {
  expect(virtiofsdArguments({ path: '/d', flavour }, '/run/s', '/a,b')).toEqual(expected);
});

test('no daemon is an error with the remedy', async () => {
  await expect(findVirtiofsd(() => Promise.resolve(false))).rejects.toMatchObject({ code: 'tool_missing' });
  await expect(
    findVirtiofsd((path) => Promise.resolve(path === '/usr/lib/qemu/virtiofsd')),
  ).resolves.toMatchObject({ flavour: 'c' });
});

test('a socket counts only when it listens', () => {
  const row = (flags: string, path: string): string =>
    `0000000000000000: 00000002 00000000 ${flags} 0001 01 1 ${path}`;
  expect(isListed(row('00010000', '/run/s'), '/run/s')).toBe(true);
  expect(isListed(row('00000000', '/run/s'), '/run/s')).toBe(false);
  expect(isListed(row('00010000', '/run/s2'), '/run/s')).toBe(false);
});

const probe = spawnSync('unshare', ['--mount', 'true']).status === 0;
const daemon = await findVirtiofsd().catch(() => undefined);
const obstacle = !probe
  ? ' (skipped: mount namespaces are not permitted)'
  : daemon === undefined
    ? ' (skipped: no virtiofsd)'
    : '';

describe.skipIf(obstacle !== '')(`virtiofsd${obstacle}`, () => {
  test('serves, takes binds that the host never sees, and leaves nothing', async () => {
    await using directory = await temporaryDirectory();
    const source = join(directory.path, 'source');
    await mkdir(source);
    await writeFile(join(source, 'file'), '');
    const { signal } = new AbortController();
    const share = await startFileShare({ directory: directory.path, signal });
    await share.add(
      [
        { name: 'box/rootfs', source, readOnly: true },
        { name: 'one-file', source: join(source, 'file'), readOnly: false },
      ],
      signal,
    );
    expect(await readdir(join(directory.path, 'shared/mounts/box/rootfs'))).toEqual([]);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(directory.path);
    await share.remove(['one-file']);
    await expect(
      share.add([{ name: 'gone', source: '/nowhere', readOnly: true }], signal),
    ).rejects.toMatchObject({
      code: 'share_failed',
    });
    await share.close();
    await share.close();
    expect(await share.ended).toContain('ended');
    expect(await namesakes(directory.path)).toEqual([]);
  });

  test('an abort while it starts leaves no process', async () => {
    await using directory = await temporaryDirectory();
    const controller = new AbortController();
    const starting = startFileShare({ directory: directory.path, signal: controller.signal });
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(starting).rejects.toMatchObject({ code: 'aborted' });
    expect(await namesakes(directory.path)).toEqual([]);
  });

  test('a daemon that fails is reported with its words', async () => {
    await using directory = await temporaryDirectory();
    const program = { path: '/bin/false', flavour: 'rust' } as const;
    const { signal } = new AbortController();
    await expect(startFileShare({ directory: directory.path, signal, program })).rejects.toMatchObject({
      code: 'share_failed',
      message: expect.stringContaining('exit code 1') as unknown,
    });
  });
});

async function namesakes(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text));
}
