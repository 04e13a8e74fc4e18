// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { giveBackMemory } from './give-back-memory.ts';

const done: string[] = [];
let cpuMs = 0;

function start(changes: { pageOut?: () => number } = {}): Disposable {
  const note = (_fields: object, message: string) => void done.push(message);
  return giveBackMemory({
    logger: { debug: note, info: note, warn: note, error: note },
    pageOut: (path) => done.push(`page out ${path}`),
    collectGarbage: () => void done.push('collect'),
    cpuMs: () => cpuMs,
    ...changes,
  });
}

function letPass(workMs: number): void {
  cpuMs += workMs;
  vi.advanceTimersByTime(10_000);
}

beforeEach(() => {
  done.length = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test('garbage goes when the agent comes to rest, the memory of the program the first time', () => {
  using _memory = start();
  letPass(3_000);
  expect(done).toEqual([]);
  letPass(5);
  expect(done.splice(0)).toEqual(['collect', `page out ${process.execPath}`]);
  letPass(5);
  letPass(2_000);
  expect(done).toEqual([]);
  letPass(5);
  letPass(5);
  expect(done).toEqual(['collect']);
});

test('a kernel that does not take memory back is no reason to end', () => {
  using _memory = start({
    pageOut: () => {
      throw new Error('not this kernel');
    },
  });
  letPass(0);
  expect(done).toEqual(['collect', 'memory cannot be given back']);
});

test('nothing happens after the end', () => {
  start()[Symbol.dispose]();
  letPass(0);
  expect(done).toEqual([]);
});

test('garbage of this process is really collected', async () => {
  const collected = Promise.withResolvers<string>();
  const registry = new FinalizationRegistry((name: string) => collected.resolve(name));
  registry.register({}, 'nobody');
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  using _memory = giveBackMemory({
    logger: { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() },
    pageOut: () => 0,
    cpuMs: () => 0,
  });
  vi.advanceTimersByTime(10_000);
  expect(await collected.promise).toBe('nobody');
});
