// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { makeSwapFile, swapBytesOf } from './swap-file.ts';

const pageBytes = 4096;
const directories = ['/sbin', '/usr/sbin'];
const mkswap = directories.filter((each) => readdirSync(each).includes('mkswap'))[0];

test.for([
  { bytes: 64 * 2 ** 20, usable: 64 * 2 ** 20 },
  { bytes: 64 * 2 ** 20 + 1, usable: 64 * 2 ** 20 + pageBytes },
  { bytes: 1, usable: 10 * pageBytes },
])(
  'a file for $bytes bytes holds $usable of them and a header, and is its owner’s alone',
  async ({ bytes, usable }) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'swap1');
    await writeFile(path, 'what is left of another', { mode: 0o600 });
    await makeSwapFile(path, bytes);
    const { size, mode, blocks } = await stat(path);
    expect({ size, mode: mode & 0o777 }).toEqual({ size: usable + pageBytes, mode: 0o600 });
    expect(swapBytesOf(size)).toBe(usable);
    expect(blocks * 512).toBeLessThan(10 * pageBytes);
  },
);

test.skipIf(mkswap === undefined)(
  `its header is that of mkswap${mkswap === undefined ? ' (skipped: needs mkswap)' : ''}`,
  async () => {
    await using directory = await temporaryDirectory();
    const [own = '', other = ''] = ['own', 'other'].map((name) => join(directory.path, name));
    await makeSwapFile(own, 2 ** 20);
    await writeFile(other, Buffer.alloc(2 ** 20 + pageBytes), { mode: 0o600 });
    execFileSync(join(mkswap ?? '', 'mkswap'), ['--uuid', 'clear', '--pagesize', String(pageBytes), other]);
    expect((await readFile(own)).equals(await readFile(other))).toBe(true);
  },
);

test('a file system without room for it is left as it was', async () => {
  await using directory = await temporaryDirectory();
  await expect(makeSwapFile(join(directory.path, 'swap1'), 2 ** 52)).rejects.toMatchObject({
    code: 'tool_failed',
    message: `${directory.path} has no room for 4294967297 MiB of swap space`,
    remedy: expect.stringContaining('HAKO_RUN_DIR') as unknown,
  });
  expect(await readdir(directory.path)).toEqual([]);
});

test('a directory that is gone is said so', async () => {
  await using directory = await temporaryDirectory();
  await expect(makeSwapFile(join(directory.path, 'gone', 'swap1'), 1)).rejects.toMatchObject({
    code: 'tool_failed',
    message: expect.stringContaining('no swap space can be made: ') as unknown,
  });
});
