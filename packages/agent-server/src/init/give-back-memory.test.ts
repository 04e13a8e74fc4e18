// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { giveBackMemory } from './give-back-memory.ts';

const lines: string[] = [];
const note = (_fields: object, message: string) => void lines.push(message);
const logger = { debug: note, info: note, warn: note, error: note };

beforeEach(() => {
  lines.length = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test('the memory of the program is given back once, some time after the start', () => {
  const paths: string[] = [];
  using _memory = giveBackMemory({ logger, pageOut: (path) => paths.push(path) });
  vi.advanceTimersByTime(9_000);
  expect(paths).toEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(paths).toEqual([process.execPath]);
  expect(lines).toEqual(['memory of the program given back']);
});

test('a kernel that does not take it is no reason to end', () => {
  const pageOut = () => {
    throw new Error('not this kernel');
  };
  using _memory = giveBackMemory({ logger, pageOut });
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual(['memory of the program cannot be given back']);
});

test('nothing happens after the end', () => {
  giveBackMemory({ logger, pageOut: () => expect.unreachable() })[Symbol.dispose]();
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([]);
});
