// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backends } from './testing/backends.ts';
import { isolationMissing, runIsolated } from './testing/isolated.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

/** Two processes, each with a mount namespace of its own, and a tmpfs that only the first one sees. */
const prelude = `
  const { execFileSync, spawn } = await import('node:child_process');
  const { once } = await import('node:events');
  const print = (...words) => console.log(words.join(' '));
  const processes = [];
  const runIn = async (script) => {
    const child = spawn('unshare', ['--mount', 'sh', '-c', script + '; echo ready; exec sleep 1000']);
    processes.push(child);
    await once(child.stdout, 'data');
    return child.pid;
  };
  const inside = (pid, ...command) =>
    execFileSync('nsenter', ['--mount=/proc/' + pid + '/ns/mnt', ...command], { encoding: 'utf8' }).trim();
  const source = await runIn('mkdir ' + dir + '/src; mount -t tmpfs src ' + dir + '/src; mkdir ' + dir + '/src/sub; ' +
    'mount -t tmpfs sub ' + dir + '/src/sub; echo deep > ' + dir + '/src/sub/file');
  const target = await runIn('mount -t tmpfs dst ' + dir);
  const share = (from, to) => linux.shareMount({ pid: source, path: from }, { pid: target, path: to }, libc);
`;

const cases = [
  {
    name: 'shows a tree of mounts in the other namespace only, and comes back',
    body: `share(dir + '/src', dir + '/new/place');
      print(inside(target, 'cat', dir + '/new/place/sub/file'));
      print(fs.existsSync(dir + '/new'), process.cwd() === cwd, fs.readlinkSync('/proc/thread-self/ns/mnt') === home);`,
    output: ['deep', 'false true true'],
  },
  {
    name: 'shows a file',
    body: `share(dir + '/src/sub/file', dir + '/new/file'); print(inside(target, 'cat', dir + '/new/file'));`,
    output: ['deep'],
  },
  {
    name: 'names what is not there, and comes back',
    body: `try { share('/no/such', dir + '/new'); } catch (error) { print(error.code, error.operand); }
      print(process.cwd() === cwd, fs.readlinkSync('/proc/thread-self/ns/mnt') === home);
      try { linux.shareMount({ pid: 0x3fffffff, path: '/' }, { pid: target, path: '/' }, libc); }
      catch (error) { print(error.code); }`,
    output: ['ENOENT /no/such', 'true true', 'ENOENT'],
  },
];

describe.each(backends)('shareMount through $title', ({ name: backend, missing }) => {
  const reason = isolationMissing === undefined ? '' : ` (skipped: ${isolationMissing})`;
  test.skipIf(missing || isolationMissing !== undefined).each(cases)(
    `$name${reason}`,
    async ({ body, output }) => {
      using directory = temporaryDirectory();
      const state = `const dir = '${directory.path}'; process.chdir(dir);
        const cwd = process.cwd(); const home = fs.readlinkSync('/proc/thread-self/ns/mnt');`;
      const end = `finally { processes.forEach((child) => child.kill()); process.chdir('/'); }`;
      const script = `${state} ${prelude} try { ${body} } ${end}`;
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
