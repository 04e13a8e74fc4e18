// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createConsoleSocket } from './console-socket.ts';
import { createTerminal } from './terminal.ts';
import { backends } from './testing/backends.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

const busybox = '/bin/busybox';
const crunMissing =
  process.getuid?.() !== 0
    ? 'needs root'
    : !existsSync('/usr/bin/crun') || !existsSync(busybox)
      ? 'needs crun and busybox'
      : undefined;

/** crun refuses mixed cgroup hierarchies, which some machines have: give it a pure one in a mount namespace of its own. */
const onCgroup2 =
  'umount --recursive --lazy /sys/fs/cgroup; mount --types cgroup2 none /sys/fs/cgroup; exec "$0" "$@"';

/** An OCI bundle whose process prints on a terminal; only what crun needs for it. */
function makeBundle(directory: string): string {
  mkdirSync(join(directory, 'rootfs/bin'), { recursive: true });
  for (const name of ['proc', 'dev']) mkdirSync(join(directory, 'rootfs', name));
  copyFileSync(busybox, join(directory, 'rootfs/bin/busybox'));
  const config = {
    ociVersion: '1.0.0',
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['/bin/busybox', 'sh', '-c', '/bin/busybox tty; echo said on a terminal'],
      env: ['PATH=/bin'],
      cwd: '/',
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  return directory;
}

describe.each(backends)('a console socket through $title', ({ missing, load }) => {
  test.skipIf(missing || crunMissing !== undefined)(
    `hands over the terminal that crun made${crunMissing ? ` (skipped: ${crunMissing})` : ''}`,
    async () => {
      using directory = temporaryDirectory();
      const bundle = makeBundle(join(directory.path, 'bundle'));
      const state = join(directory.path, 'state');
      const id = `hako-linux-${process.pid}`;
      const crun = (...words: string[]) =>
        execFileSync(
          'unshare',
          ['--mount', 'sh', '-ec', onCgroup2, 'crun', '--root', state, '--cgroup-manager=disabled', ...words],
          { stdio: ['ignore', 'ignore', 'inherit'] },
        );
      using socket = createConsoleSocket(join(directory.path, 'console.sock'), load());
      crun('create', '--bundle', bundle, '--console-socket', socket.path, id);
      try {
        await using terminal = createTerminal(socket.receiveTerminal(), load());
        crun('start', id);
        let text = '';
        while (!text.includes('said on a terminal')) {
          const bytes = await terminal.reader.read(4096, { timeoutMs: 15_000 });
          expect(bytes.length).toBeGreaterThan(0);
          text += Buffer.from(bytes).toString();
        }
        expect(text).toMatch(/^\/dev\/(pts\/\d+|console)\r\n/);
      } finally {
        crun('delete', '--force', id);
      }
    },
  );

  test.skipIf(missing)('says EAGAIN when no runtime has connected', () => {
    using directory = temporaryDirectory();
    using socket = createConsoleSocket(join(directory.path, 's'), load());
    expect(() => socket.receiveTerminal()).toThrow(
      expect.objectContaining({ code: 'EAGAIN', operand: socket.path }),
    );
  });

  test.skipIf(missing)('says EBADMSG when bytes came without a terminal', async () => {
    using directory = temporaryDirectory();
    using socket = createConsoleSocket(join(directory.path, 's'), load());
    const client = createConnection(socket.path);
    await once(client, 'connect');
    await new Promise((resolve) => client.write('no descriptor', resolve));
    expect(() => socket.receiveTerminal()).toThrow(expect.objectContaining({ code: 'EBADMSG' }));
    client.destroy();
  });

  test.skipIf(missing)('takes its file away when closed, once', () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 's');
    const socket = createConsoleSocket(path, load());
    expect(() => createConsoleSocket(path, load())).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
    expect(existsSync(path)).toBe(true);
    socket.close();
    socket.close();
    expect(existsSync(path)).toBe(false);
    expect(() => socket.receiveTerminal()).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  test.skipIf(missing).each([
    { path: `/tmp/${'x'.repeat(103)}`, code: 'ENAMETOOLONG' },
    { path: '', code: 'invalid_argument' },
    { path: '/tmp/a\0b', code: 'invalid_argument' },
    { path: '/nonexistent/s', code: 'ENOENT' },
  ])('refuses the path $path with $code', ({ path, code }) => {
    expect(() => createConsoleSocket(path, load())).toThrow(expect.objectContaining({ code }));
  });
});
