// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Libc } from './ffi/libc.ts';
import { isPtyMaster, openPty } from './pty.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { backends } from './testing/backends.ts';
import { getWindowSize, setWindowSize } from './window-size.ts';

/** A shell script on a terminal of its own, which is its controlling one. */
function onTerminal(libc: Libc, script: string) {
  const { masterFd, slavePath } = openPty(libc);
  const terminal = createTerminal(masterFd, libc);
  const slaveFd = openSync(slavePath, constants.O_RDWR | constants.O_NOCTTY);
  const child = spawn('setsid', ['--ctty', '--wait', 'sh', '-c', script], {
    stdio: [slaveFd, slaveFd, slaveFd],
  });
  closeSync(slaveFd);
  return {
    terminal,
    exited: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

async function readAll({ reader }: Terminal, until?: string): Promise<string> {
  let text = '';
  for (let bytes = await reader.read(4096); bytes.length > 0; bytes = await reader.read(4096)) {
    text += Buffer.from(bytes).toString();
    if (until !== undefined && text.includes(until)) return text;
  }
  return text;
}

describe.each(backends)('a terminal through $title', ({ missing, load }) => {
  test.skipIf(missing)('starts as a master with the size 0×0 and keeps the size it is given', () => {
    const libc = load();
    const { masterFd, slavePath } = openPty(libc);
    expect(slavePath).toMatch(/^\/dev\/pts\/\d+$/);
    expect(isPtyMaster(masterFd, libc)).toBe(true);
    expect(getWindowSize(masterFd, libc)).toEqual({ rows: 0, columns: 0 });
    setWindowSize(masterFd, { rows: 24, columns: 65536 + 80 }, libc);
    expect(getWindowSize(masterFd, libc)).toEqual({ rows: 24, columns: 80 });
    closeSync(masterFd);
  });

  test.skipIf(missing)('a descriptor that is no terminal is ENOTTY', () => {
    const fd = openSync('/dev/null', 'r');
    expect(() => setWindowSize(fd, { rows: 1, columns: 1 }, load())).toThrow(
      expect.objectContaining({ code: 'ENOTTY' }),
    );
    expect(isPtyMaster(fd, load())).toBe(false);
    closeSync(fd);
  });

  test.skipIf(missing)('what a program prints arrives, and its end is an end of file', async () => {
    await using session = onTerminal(load(), 'tty >/dev/null && echo on a terminal');
    const { terminal, exited } = session;
    expect(await readAll(terminal)).toBe('on a terminal\r\n');
    expect(await terminal.reader.read(1)).toHaveLength(0);
    expect(await exited).toEqual([0, null]);
  });

  test.skipIf(missing)('what is typed arrives, and control characters signal', async () => {
    await using session = onTerminal(
      load(),
      `trap 'echo interrupted; exit 3' INT; read x; echo "<$x>"; read x`,
    );
    const { terminal, exited } = session;
    await terminal.writer.write(Buffer.from('hello\n'));
    expect(await readAll(terminal, '<hello>')).toContain('<hello>');
    await terminal.writer.write(Uint8Array.of(3));
    expect(await readAll(terminal)).toContain('interrupted');
    expect(await exited).toEqual([3, null]);
  });

  test.skipIf(missing)('a new size reaches the program as SIGWINCH', async () => {
    await using session = onTerminal(
      load(),
      `trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.01; done`,
    );
    const { terminal, exited } = session;
    await readAll(terminal, 'ready');
    terminal.resize({ rows: 33, columns: 101 });
    expect(await readAll(terminal)).toContain('33 101');
    await exited;
  });

  test.skipIf(missing)('closing hangs up: the session gets SIGHUP', async () => {
    await using session = onTerminal(load(), 'echo ready; exec sleep 60');
    const { terminal, exited } = session;
    await readAll(terminal, 'ready');
    terminal.close();
    terminal.close();
    expect(await exited).not.toEqual([0, null]);
    expect(() => terminal.resize({ rows: 1, columns: 1 })).toThrow(
      expect.objectContaining({ code: 'closed' }),
    );
  });

  test.skipIf(missing)('1 MiB typed into a raw terminal arrives complete', async () => {
    await using session = onTerminal(load(), 'stty raw -echo; echo ready; head -c 1048576 | cksum');
    const { terminal, exited } = session;
    await readAll(terminal, 'ready');
    await terminal.writer.write(Buffer.alloc(1048576, 'x'));
    expect(await readAll(terminal)).toMatch(/\d+ 1048576/);
    await exited;
  });
});
