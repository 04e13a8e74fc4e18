// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backends } from './testing/backends.ts';
import { isolationMissing, runIsolated } from './testing/isolated.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

const prelude = `
  const ns = (kind) => fs.readlinkSync('/proc/thread-self/ns/' + kind);
  const pinned = (kind) => kind + ':[' + fs.statSync(directory + '/' + kind).ino + ']';
  const before = { ipc: ns('ipc'), uts: ns('uts'), hostname: os.hostname(), mounts: fs.readFileSync('/proc/mounts', 'utf8') };
  const unchanged = () => ns('ipc') === before.ipc && ns('uts') === before.uts && os.hostname() === before.hostname;
  const show = (value) => console.log(JSON.stringify(value));`;

const cases = [
  {
    name: 'pins new namespaces and goes back',
    body: `linux.pinNamespaces({ ipc: directory + '/ipc', uts: directory + '/uts', hostname: 'pinned-host' }, libc);
      show({ unchanged: unchanged(), newIpc: pinned('ipc') !== before.ipc, newUts: pinned('uts') !== before.uts });
      const { execFileSync } = await import('node:child_process');
      show(execFileSync('nsenter', ['--uts=' + directory + '/uts', 'uname', '-n']).toString().trim());
      linux.umount(directory + '/ipc', {}, libc); linux.umount(directory + '/uts', {}, libc);`,
    output: [{ unchanged: true, newIpc: true, newUts: true }, 'pinned-host'],
  },
  {
    name: 'leaves nothing when a host name is too long',
    body: `try { linux.pinNamespaces({ ipc: directory + '/ipc', uts: directory + '/uts', hostname: 'x'.repeat(65) }, libc); }
      catch (error) { show([error.code, error.syscall]); }
      show({ unchanged: unchanged(), mounts: fs.readFileSync('/proc/mounts', 'utf8') === before.mounts });`,
    output: [['EINVAL', 'sethostname'], { unchanged: true, mounts: true }],
  },
  {
    name: 'takes the first mount away when the second one fails',
    // A file that is open but unlinked can still be opened by its descriptor, and cannot be mounted on.
    body: `const gone = fs.openSync(directory + '/gone', 'w'); fs.unlinkSync(directory + '/gone');
      try { linux.pinNamespaces({ ipc: directory + '/ipc', uts: '/proc/self/fd/' + gone }, libc); }
      catch (error) { show([error.code, error.syscall]); }
      show({ unchanged: unchanged(), mounts: fs.readFileSync('/proc/mounts', 'utf8') === before.mounts });`,
    output: [['ENOENT', 'mount'], { unchanged: true, mounts: true }],
  },
];

describe.each(backends)('namespaces through $title', ({ name: backend, missing }) => {
  const reason = isolationMissing === undefined ? '' : ` (skipped: ${isolationMissing})`;
  test.skipIf(missing || isolationMissing !== undefined).each(cases)(
    `pinNamespaces $name${reason}`,
    async ({ body, output }) => {
      using directory = temporaryDirectory();
      const script = `const directory = '${directory.path}'; ${prelude} ${body}`;
      const result = await runIsolated(backend, ['--mount', '--uts'], script);
      expect(result).toEqual({
        exitCode: 0,
        signal: null,
        stdout: output.map((value) => `${JSON.stringify(value)}\n`).join(''),
        stderr: '',
      });
    },
  );
});
