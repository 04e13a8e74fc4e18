// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createMemoryPair } from '@hako/ttrpc';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogQueue } from './log-queue.ts';

// The limit of the end passes when a test says so.
beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

test('a host that connects late gets the lines from before, in order, and those that follow', async () => {
  const queue = createLogQueue();
  queue.write('1\n');
  queue.write('2\n');
  const [host, guest] = createMemoryPair();
  queue.attach(guest);
  queue.write('3\n');
  const received = text(host);
  await queue.close();
  expect(await received).toBe('1\n2\n3\n');
});

test('a second host at a time is refused, a later one is not', async () => {
  const queue = createLogQueue();
  const [first, firstGuest] = createMemoryPair();
  const [, refused] = createMemoryPair();
  queue.attach(firstGuest);
  queue.attach(refused);
  expect(refused.destroyed).toBe(true);
  const over = once(firstGuest, 'close');
  first.destroy();
  await over;
  queue.write('kept\n');
  const [later, laterGuest] = createMemoryPair();
  queue.attach(laterGuest);
  const received = text(later);
  await queue.close();
  expect(await received).toBe('kept\n');
});

test('without a host the oldest lines go when there is no room, and the host is told how many', async () => {
  const dropped: number[] = [];
  const queue = createLogQueue({ maxBytes: 6, onDropped: (count) => dropped.push(count) });
  for (const line of ['1\n', '2\n', '3\n', '4\n', '55555\n']) queue.write(line);
  const [host, guest] = createMemoryPair();
  queue.attach(guest);
  const received = text(host);
  await queue.close();
  expect(await received).toBe('55555\n');
  expect(dropped).toEqual([4]);
});

test('a host that does not read holds nobody up, and the end does not wait for it', async () => {
  const queue = createLogQueue({ maxBytes: 64 * 1024 });
  const [, guest] = createMemoryPair();
  queue.attach(guest);
  const line = `${'x'.repeat(1023)}\n`;
  for (let count = 0; count < 2_000; count += 1) queue.write(line);
  expect(guest.writableLength).toBeLessThan(256 * 1024);
  const closed = queue.close();
  vi.advanceTimersByTime(500);
  await closed;
  expect(guest.destroyed).toBe(true);
});
