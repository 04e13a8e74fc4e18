// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backends } from './testing/backends.ts';
import { isolationMissing, runIsolated } from './testing/isolated.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

const cases = [
  {
    name: 'mounts a tmpfs with flags and data, and unmounts it',
    body: `linux.mount({ source: 'work', target, fstype: 'tmpfs', flags: ['nosuid', 'noexec'], data: 'size=64k,mode=0711' }, libc);
      print(mounts(target));
      linux.umount(target, {}, libc);
      print(mounts(target));`,
    output: ['work tmpfs rw,nosuid,noexec,relatime,size=64k,mode=711', ''],
  },
  {
    name: 'makes a bind mount read-only with a second call',
    body: `linux.mount({ source: '/etc', target, flags: ['bind', 'rec'] }, libc);
      linux.mount({ target, flags: ['remount', 'bind', 'ro'] }, libc);
      try { fs.writeFileSync(target + '/x', ''); } catch (error) { print(error.code); }`,
    output: ['EROFS'],
  },
  {
    name: 'names the error and the target',
    body: `try { linux.mount({ source: 'x', target, fstype: 'no-such-fs' }, libc); } catch (error) { print(error.code, error.syscall, error.operand === target); }
      try { linux.umount(target, {}, libc); } catch (error) { print(error.code, error.syscall); }`,
    output: ['ENODEV mount true', 'EINVAL umount2'],
  },
  {
    name: 'unmounts what is in use only when told to detach',
    body: `linux.mount({ source: 'work', target, fstype: 'tmpfs' }, libc);
      const fd = fs.openSync(target + '/open', 'w');
      try { linux.umount(target, {}, libc); } catch (error) { print(error.code); }
      linux.umount(target, { detach: true }, libc);
      print(mounts(target));`,
    output: ['EBUSY', ''],
  },
  {
    name: 'does not follow a link when told so',
    body: `linux.mount({ source: 'work', target, fstype: 'tmpfs' }, libc);
      fs.symlinkSync(target, target + '-link');
      try { linux.umount(target + '-link', { noFollow: true }, libc); } catch (error) { print(error.code); }
      fs.unlinkSync(target + '-link');
      linux.umount(target, {}, libc);`,
    output: ['EINVAL'],
  },
  {
    name: 'removes a tree except for what is mounted in it, or refuses to',
    body: `fs.mkdirSync(target + '/a/mounted', { recursive: true }); fs.mkdirSync(target + '/b/c', { recursive: true });
      linux.mount({ source: 'work', target: target + '/a/mounted', fstype: 'tmpfs' }, libc);
      fs.writeFileSync(target + '/a/mounted/kept', ''); fs.writeFileSync(target + '/a/gone', '');
      const root = linux.openRoot(target, {}, libc);
      try { root.remove('a'); } catch (error) { print(error.code); }
      root.remove('a', { keepMounts: true }); root.remove('b', { keepMounts: true });
      print(fs.readdirSync(target, { recursive: true }).sort().join(' '));
      linux.umount(target + '/a/mounted', {}, libc);`,
    output: ['EXDEV', 'a a/mounted a/mounted/kept'],
  },
];

const prelude = `const print = (...words) => console.log(words.join(' '));
  const mounts = (path) => fs.readFileSync('/proc/mounts', 'utf8').split('\\n').map((line) => line.split(' '))
    .filter((words) => words[1] === path).map((words) => words[0] + ' ' + words[2] + ' ' + words[3].replace(',inode64', '')).join('');`;

describe.each(backends)('mounting through $title', ({ name: backend, missing }) => {
  const reason = isolationMissing === undefined ? '' : ` (skipped: ${isolationMissing})`;
  test.skipIf(missing || isolationMissing !== undefined).each(cases)(
    `$name${reason}`,
    async ({ body, output }) => {
      using directory = temporaryDirectory();
      const script = `${prelude} const target = '${directory.path}'; ${body}`;
      const result = await runIsolated(backend, ['--mount'], script);
      expect(result).toEqual({
        exitCode: 0,
        signal: null,
        stdout: output.map((line) => `${line}\n`).join(''),
        stderr: '',
      });
    },
  );
});
