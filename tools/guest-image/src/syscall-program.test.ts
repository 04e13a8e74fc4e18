// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileSyscallProgram } from './syscall-program.ts';
import type { SyscallStep } from './syscall-program.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

async function run(steps: readonly SyscallStep[], directory: string) {
  const path = join(directory, 'program');
  await writeFile(path, compileSyscallProgram(steps));
  await chmod(path, 0o755);
  return execa(path, { reject: false });
}

describe('a compiled program', () => {
  test('makes its calls in order and hands arguments and environment to the program it executes', async () => {
    await using directory = await createTemporaryDirectory(tmpdir());
    const made = join(directory.path, 'made');
    const result = await run(
      [
        { call: 'mkdir', arguments: [made, 0o750] },
        { call: 'chdir', arguments: [made] },
        {
          call: 'execve',
          arguments: ['/bin/sh', ['sh', '-c', 'echo "$PWD $1 $WORD"', 'sh', 'two words'], ['WORD=x=y']],
        },
      ],
      directory.path,
    );
    expect(result.stdout).toBe(`${made} two words x=y`);
    expect((await stat(made)).mode & 0o777).toBe(0o750);
  });

  test.each([
    ['exits with the number of the step that failed', 1, 2],
    ['exits with it too when several tries failed', 3, 2],
    ['goes on when failure is to be ignored', 0, 3],
  ])('%s', async (_, attempts, exitCode) => {
    await using directory = await createTemporaryDirectory(tmpdir());
    const steps: SyscallStep[] = [
      { call: 'chdir', arguments: ['/'] },
      { call: 'chdir', arguments: ['/nonexistent'], attempts },
      { call: 'execve', arguments: ['/nonexistent', [], []] },
    ];
    expect((await run(steps, directory.path)).exitCode).toBe(exitCode);
  });

  test('tries again until the call succeeds', async () => {
    await using directory = await createTemporaryDirectory(tmpdir());
    const late = join(directory.path, 'late');
    const ended = run(
      [
        { call: 'chdir', arguments: [late], attempts: 10_000 },
        { call: 'execve', arguments: ['/bin/true', ['true'], []] },
      ],
      directory.path,
    );
    await mkdir(late);
    expect((await ended).exitCode).toBe(0);
  });
});

test('more than six arguments are refused', () => {
  expect(() => compileSyscallProgram([{ call: 'mount', arguments: [1, 2, 3, 4, 5, 6, 7] }])).toThrow(
    RangeError,
  );
});
