// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createOomQueue, maxOomEvents } from './oom-queue.ts';

const { signal } = new AbortController();

test('events wait for those who ask, and those who ask for events, in order', async () => {
  const queue = createOomQueue();
  queue.put('c1');
  queue.put('c2');
  const taken = [queue.take(signal), queue.take(signal), queue.take(signal), queue.take(signal)];
  queue.put('c3');
  queue.put('c4');
  expect(await Promise.all(taken)).toEqual(['c1', 'c2', 'c3', 'c4']);
});

test('those who have gone take nothing with them', async () => {
  const queue = createOomQueue();
  const gone = new AbortController();
  const first = queue.take(gone.signal);
  const second = queue.take(signal);
  gone.abort(new Error('gone'));
  queue.put('c1');
  await expect(first).rejects.toThrow('gone');
  expect(await second).toBe('c1');
});

test('an event that was given back is the next one', async () => {
  const queue = createOomQueue();
  queue.put('c2');
  queue.putBack('c1');
  expect([await queue.take(signal), await queue.take(signal)]).toEqual(['c1', 'c2']);
});

test('the newest events are dropped when it is full', async () => {
  const queue = createOomQueue();
  const kept = Array.from({ length: maxOomEvents + 2 }, (_value, index) => queue.put(`c${index}`));
  expect(kept.lastIndexOf(true)).toBe(maxOomEvents - 1);
  expect(kept.indexOf(false)).toBe(maxOomEvents);
  expect(await queue.take(signal)).toBe('c0');
  expect(queue.put('again')).toBe(true);
});

test('a closed queue ends those who wait, and takes nothing more', async () => {
  const queue = createOomQueue();
  const waiting = queue.take(signal);
  queue.close();
  await expect(waiting).rejects.toMatchObject({ code: 'shutting_down' });
  await expect(queue.take(signal)).rejects.toMatchObject({ code: 'shutting_down' });
  expect(queue.put('c1')).toBe(false);
});
