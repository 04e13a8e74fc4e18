// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { mount } from '../mount.ts';
import { backends } from '../testing/backends.ts';
import { isolationMissing, runIsolated } from '../testing/isolated.ts';
import { cString } from './c-string.ts';
import { systemLibc } from './libc.ts';

describe.each(backends)('the C library through $title', ({ name, missing, load }) => {
  test.skipIf(missing)('errno is what the last call left, 20,000 times in alternation', () => {
    const libc = load();
    const path = cString('/nonexistent', 'mount');
    const wrong: number[] = [];
    for (let round = 0; round < 10_000; round++) {
      libc.call('read', -1, new Uint8Array(1), 1);
      if (libc.errno() !== constants.errno.EBADF) wrong.push(libc.errno());
      libc.call('umount2', path, 0);
      if (libc.errno() !== constants.errno.ENOENT && libc.errno() !== constants.errno.EPERM)
        wrong.push(libc.errno());
    }
    expect(wrong).toEqual([]);
  });

  test.skipIf(missing)('a failed call is a LinuxError that names call, operand and number', () => {
    expect(() => mount({ source: 'none', target: '/nonexistent', fstype: 'tmpfs' }, load())).toThrow(
      expect.objectContaining({ name: 'LinuxError', syscall: 'mount', operand: '/nonexistent', errno: 2 }),
    );
  });

  test.skipIf(missing)('a NUL byte in a path is refused before the call', () => {
    expect(() => mount({ target: '/tmp\0/etc' }, load())).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
  });

  test.skipIf(missing)('an unsigned 32-bit argument passes as its bits', () => {
    const libc = load();
    expect(libc.call('kill', 0xffffffff, 0x7fffffff)).toBe(-1);
    expect(libc.errno()).toBe(constants.errno.EINVAL);
  });

  test.skipIf(missing || isolationMissing !== undefined)(
    `loading prints nothing, and other experimental warnings still appear${isolationMissing ? ` (skipped: ${isolationMissing})` : ''}`,
    async () => {
      const quiet = await runIsolated(name, [], `libc.call('kill', process.pid, 0);`);
      expect(quiet).toEqual({ exitCode: 0, signal: null, stdout: '', stderr: '' });
      const loud = await runIsolated(name, [], `process.emitWarning('FFI of mine', 'ExperimentalWarning');`);
      expect(loud.stderr).toContain('ExperimentalWarning: FFI of mine');
    },
  );
});

test('the binding of a process is made once', () => {
  expect(systemLibc()).toBe(systemLibc());
});
