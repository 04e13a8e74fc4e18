// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { setDateTime } from './clock.ts';
import { kill } from './kill.ts';
import { enableSwap } from './swap.ts';
import { backends } from './testing/backends.ts';
import { isolationMissing, runIsolated } from './testing/isolated.ts';

const reason = isolationMissing === undefined ? '' : ` (skipped: ${isolationMissing})`;

const cases = [
  {
    name: 'setHostname sets the name of this UTS namespace',
    namespaces: ['--uts'],
    body: `linux.setHostname('hako-guest', libc); console.log(os.hostname());`,
    output: 'hako-guest\n',
  },
  {
    name: 'bringLoopbackUp gives 127.0.0.1, and again is harmless',
    namespaces: ['--net'],
    body: `console.log(os.networkInterfaces().lo?.[0]?.address); linux.bringLoopbackUp(libc); linux.bringLoopbackUp(libc);
      console.log(os.networkInterfaces().lo?.[0]?.address);`,
    output: 'undefined\n127.0.0.1\n',
  },
  {
    name: 'addRandomEntropy is taken by the kernel',
    namespaces: [],
    body: `linux.addRandomEntropy(new Uint8Array(512).fill(7), libc); console.log('taken');`,
    output: 'taken\n',
  },
  {
    name: 'startSession and setControllingTerminal make a terminal the controlling one',
    namespaces: [],
    // A process that leads no group yet may start a session: the inner Node, not the one that unshare became.
    body: `const { spawnSync } = await import('node:child_process');
      if (process.env.INNER) {
        console.log(linux.startSession(libc) === process.pid);
        const pty = linux.openPty(libc);
        const fd = fs.openSync(pty.slavePath, fs.constants.O_RDWR | fs.constants.O_NOCTTY);
        try { fs.openSync('/dev/tty', 'r'); } catch (error) { console.log(error.code); }
        linux.setControllingTerminal(fd, libc);
        fs.openSync('/dev/tty', 'r');
        console.log('controlled');
      } else {
        const inner = spawnSync(process.execPath, process.execArgv, { env: { ...process.env, INNER: '1' } });
        process.stdout.write(inner.stdout); process.stderr.write(inner.stderr);
      }`,
    output: 'true\nENXIO\ncontrolled\n',
  },
];

describe.each(backends)('system calls through $title', ({ name: backend, missing, load }) => {
  test.skipIf(missing || isolationMissing !== undefined).each(cases)(
    `$name${reason}`,
    async ({ namespaces, body, output }) => {
      const result = await runIsolated(backend, namespaces, body);
      expect(result).toEqual({ exitCode: 0, signal: null, stdout: output, stderr: '' });
    },
  );

  test.skipIf(missing || isolationMissing !== undefined)(
    `powerOff ends the init of a PID namespace${reason}`,
    async () => {
      // Only ever as init of a namespace of its own, where the kernel turns a power-off into a signal to that init.
      const body = `if (process.pid !== 1 || fs.readlinkSync('/proc/self/ns/pid') === '${readlinkSync('/proc/self/ns/pid')}') process.exit(9);
        linux.powerOff(libc); setTimeout(() => console.log('still here'), 5000);`;
      const result = await runIsolated(backend, ['--pid', '--fork', '--mount-proc'], body);
      expect(result).toMatchObject({ stdout: '', stderr: '' });
      expect(result.signal ?? result.exitCode).not.toBe(0);
      expect(result.exitCode).not.toBe(9);
    },
  );

  test.skipIf(missing).each([
    { name: 'a microsecond beyond a second', call: () => setDateTime(0n, 1_000_000, load()), code: 'EINVAL' },
    { name: 'a signal that does not exist', call: () => kill(process.pid, 999, load()), code: 'EINVAL' },
    { name: 'a process that does not exist', call: () => kill(0x3fffffff, 0, load()), code: 'ESRCH' },
    {
      name: 'a swap file that does not exist',
      call: () => enableSwap('/nonexistent', load()),
      code: /^(ENOENT|EPERM|ENOSYS)$/,
    },
  ])('$name is refused', ({ call, code }) => {
    expect(call).toThrow(
      expect.objectContaining({
        name: 'LinuxError',
        code: typeof code === 'string' ? code : (expect.stringMatching(code) as string),
      }),
    );
  });
});
