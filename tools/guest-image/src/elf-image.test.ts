// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasPvhEntry, isElf64, stripElf } from './elf-image.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

describe('stripElf', () => {
  test('leaves a program that still runs and is no longer than before', async () => {
    await using directory = await createTemporaryDirectory(tmpdir());
    const original = await readFile(process.execPath);
    const stripped = stripElf(original);
    const path = join(directory.path, 'node');
    await writeFile(path, stripped);
    await chmod(path, 0o755);
    expect(stripped.length).toBeLessThanOrEqual(original.length);
    expect((await execa(path, ['--print', '6 * 7'])).stdout).toBe('42');
  });

  test('gives back what is no ELF program', () => {
    const script = Buffer.from('#!/bin/sh\n');
    expect(stripElf(script)).toBe(script);
    expect(isElf64(script)).toBe(false);
  });
});

test.each([
  ['a program without notes', async () => readFile(process.execPath)],
  ['bytes that are no ELF file', async () => Buffer.alloc(128)],
])('%s has no PVH entry', async (_, read) => {
  expect(hasPvhEntry(await read())).toBe(false);
});
