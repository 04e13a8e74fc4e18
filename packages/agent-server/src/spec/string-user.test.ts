// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withStringUser } from './string-user.ts';

let rootfs = '';
beforeEach(async () => {
  rootfs = await mkdtemp(join(tmpdir(), 'hako-user-'));
  await mkdir(join(rootfs, 'etc'));
  await writeFile(
    join(rootfs, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\n# note\nweb:x:33:44::/srv:/bin/false\n77:x:1000:1000::/:/bin/sh\nbad:x:y:z\n',
  );
  await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\nwww:x:80:web\nlog:x:81:\n');
});
afterEach(async () => {
  await rm(rootfs, { recursive: true });
});

interface Wanted {
  readonly uid?: string | undefined;
  readonly gid?: string | undefined;
  readonly additionalGids?: string[] | undefined;
}
const process = { cwd: '/', user: { uid: 5, gid: 6, additionalGids: [7] } };
const userOf = ({ uid = '', gid = '', additionalGids = [] }: Wanted) =>
  withStringUser(process, { uid, gid, additionalGids }, rootfs).user;

test.each([
  { title: 'nothing', wanted: {}, user: process.user },
  { title: 'a name', wanted: { uid: 'web' }, user: { uid: 33, gid: 44, additionalGids: [7] } },
  {
    title: 'a number of a known user',
    wanted: { uid: '33' },
    user: { uid: 33, gid: 44, additionalGids: [7] },
  },
  { title: 'an unknown number', wanted: { uid: '9' }, user: { uid: 9, gid: 6, additionalGids: [7] } },
  {
    title: 'a name that looks like a number',
    wanted: { uid: '77' },
    user: { uid: 1000, gid: 1000, additionalGids: [7] },
  },
  { title: 'a group', wanted: { uid: 'web', gid: 'www' }, user: { uid: 33, gid: 80, additionalGids: [7] } },
  { title: 'only a group', wanted: { gid: '81' }, user: { uid: 5, gid: 81, additionalGids: [7] } },
  {
    title: 'further groups',
    wanted: { additionalGids: ['log', '7', '90'] },
    user: { uid: 5, gid: 6, additionalGids: [7, 81, 90] },
  },
])('a user may be given by $title', ({ wanted, user }) => {
  expect(userOf(wanted)).toEqual(user);
});

test('a request without names changes nothing', () => {
  expect(withStringUser(process, undefined, rootfs)).toBe(process);
});

test.each([
  { wanted: { uid: 'nobody' }, text: 'no user "nobody"' },
  { wanted: { uid: 'bad' }, text: 'no user "bad"' },
  { wanted: { uid: '-1' }, text: 'no user "-1"' },
  { wanted: { uid: '4294967295' }, text: 'no user "4294967295"' },
  { wanted: { gid: 'web' }, text: 'no group "web"' },
  { wanted: { additionalGids: ['x\ny'] }, text: 'no group "x\\ny"' },
])('$wanted is refused', ({ wanted, text }) => {
  expect(() => userOf(wanted)).toThrow(
    expect.objectContaining({ code: 'invalid_spec', message: expect.stringContaining(text) as unknown }),
  );
});

describe('a hostile root file system', () => {
  const replacePasswd = async (make: (path: string) => Promise<void> | void) => {
    await rm(join(rootfs, 'etc/passwd'));
    await make(join(rootfs, 'etc/passwd'));
  };

  test('leads to its own files, whatever its links say', async () => {
    await mkdir(join(rootfs, 'own'));
    await writeFile(join(rootfs, 'own/passwd'), 'daemon:x:4242:4242::/:/bin/sh\n');
    await rm(join(rootfs, 'etc'), { recursive: true });
    await symlink('/../../../own', join(rootfs, 'etc'));
    expect(userOf({ uid: 'daemon' })).toMatchObject({ uid: 4242 });
  });

  test('does not lead to the files of the guest', async () => {
    await replacePasswd((path) => symlink('/proc/self/root/etc/passwd', path));
    expect(() => userOf({ uid: 'daemon' })).toThrow(expect.objectContaining({ code: 'invalid_spec' }));
  });

  test.each([
    { title: 'a FIFO', make: (path: string) => void execFileSync('mkfifo', [path]), code: 'path_refused' },
    { title: 'a directory', make: (path: string) => mkdir(path), code: 'path_refused' },
    {
      title: 'a file without end',
      make: (path: string) => writeFile(path, Buffer.alloc(1024 * 1024 + 1)),
      code: 'path_refused',
    },
    { title: 'a link to itself', make: (path: string) => symlink('passwd', path), code: 'ELOOP' },
  ])('cannot offer $title', async ({ make, code }) => {
    await replacePasswd(async (path) => {
      await make(path);
    });
    expect(() => userOf({ uid: 'web' })).toThrow(expect.objectContaining({ code }));
  });

  test('may lack its files', async () => {
    await rm(join(rootfs, 'etc'), { recursive: true });
    expect(userOf({ uid: '33' })).toEqual({ uid: 33, gid: 6, additionalGids: [7] });
    expect(() => userOf({ uid: 'web' })).toThrow(expect.objectContaining({ code: 'invalid_spec' }));
  });
});
