// SPDX-License-Identifier: Apache-2.0
import { afterEach, expect, test, vi } from 'vitest';
import { createReporter } from './reporter.mjs';

function recorder(isTTY: boolean) {
  const stream = { text: '', isTTY, columns: 30, write: (text: string) => (stream.text += text) };
  return stream;
}

afterEach(() => vi.useRealTimers());

test('writes plain lines where there is no terminal', async () => {
  const stream = recorder(false);
  expect(await createReporter(stream).step('digging', async () => 7)).toBe(7);
  expect(stream.text).toMatch(/^set-up: digging\nset-up: digging: done in \d+\.\d s\n$/);
});

test('keeps a terminal to one line, free of what a program prints to steer it', async () => {
  vi.useFakeTimers();
  const stream = recorder(true);
  const step = createReporter(stream).step('digging', async (detail) => {
    detail('\x1b[31mdeep\x07 hole with a very long description');
    await vi.advanceTimersByTimeAsync(250);
  });
  await step;
  const lines = stream.text.split('\r\x1b[K').filter(Boolean);
  expect(lines.some((line) => line.includes('deep'))).toBe(true);
  expect(lines.slice(0, -1).every((line) => line.length < 30 && !/[\x00-\x1f]/.test(line))).toBe(true);
  expect(lines.at(-1)).toMatch(/^set-up: digging: done in \d+\.\d s\n$/);
});

test('says that a step failed and passes the error on', async () => {
  const stream = recorder(true);
  await expect(
    createReporter(stream).step('digging', () => Promise.reject(new Error('rock'))),
  ).rejects.toThrow('rock');
  expect(stream.text).toContain('set-up: digging: failed after');
});
