// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConsoleLog } from './console-log.ts';
import { PanicScanner } from './panic-scanner.ts';

async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'hako-console-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const panic = 'Kernel panic - not syncing: Attempted to kill init!';

describe('PanicScanner', () => {
  test('finds the words however they are cut', () => {
    for (let cut = 0; cut <= panic.length; cut += 1) {
      const scanner = new PanicScanner();
      const found = [panic.slice(0, cut), panic.slice(cut)].map((part) => scanner.push(Buffer.from(part)));
      expect(found[1]).toBe(true);
    }
  });

  test('finds them in single bytes', () => {
    const scanner = new PanicScanner();
    expect([...Buffer.from(panic)].map((byte) => scanner.push(Uint8Array.of(byte))).at(-1)).toBe(true);
  });

  test.for(['', 'Kernel panic', 'kernel panic - not syncing', 'all is well'])('is calm about %j', (text) => {
    expect(new PanicScanner().push(Buffer.from(text))).toBe(false);
  });
});

describe('ConsoleLog', () => {
  test('keeps everything in a private file and the last part in memory', async () => {
    await using temporary = await directory();
    const path = join(temporary.path, 'console.log');
    using log = new ConsoleLog(path);
    log.push(Buffer.from('one '));
    log.push(Buffer.from('two'));
    expect(await readFile(path, 'latin1')).toBe('one two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(log.tail()).toBe('one two');
  });

  test('a guest that writes without end fills two files of bounded size', async () => {
    await using temporary = await directory();
    const path = join(temporary.path, 'console.log');
    using log = new ConsoleLog(path, { maximumFileBytes: 1000 });
    for (let line = 0; line < 1000; line += 1) log.push(Buffer.from(`line ${line}\n`));
    const sizes = await Promise.all([path, `${path}.1`].map(async (file) => (await stat(file)).size));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    expect(await readFile(path, 'latin1')).toMatch(/line 999\n$/);
  });

  test('a panic is told with the text behind it', async () => {
    await using temporary = await directory();
    using log = new ConsoleLog(join(temporary.path, 'console.log'));
    log.push(Buffer.from(panic.slice(0, 30)));
    expect(log.hasPanicked).toBe(true);
    log.push(Buffer.from(panic.slice(30)));
    expect(await log.panicked).toBe(panic);
  });

  test('closing tells a panic at once', async () => {
    await using temporary = await directory();
    const log = new ConsoleLog(join(temporary.path, 'console.log'));
    log.push(Buffer.from(panic));
    log[Symbol.dispose]();
    expect(await log.panicked).toBe(panic);
  });
});
