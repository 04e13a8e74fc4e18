// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.mjs';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'setup-lock-'));
});

afterEach(() => rm(directory, { recursive: true }));

test('works under one lock do not overlap, and a failure gives the lock back', async () => {
  const lockFile = join(directory, 'cache/lock');
  let running = 0;
  let most = 0;
  const work = (fails: boolean) => async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (fails) throw new Error('no');
  };
  const results = await Promise.allSettled(
    [true, false, true, false].map((fails) => withLock(lockFile, () => undefined, work(fails))),
  );
  expect(results.map((result) => result.status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
  expect(most).toBe(1);
});

test('says once that it waits for another', async () => {
  const lockFile = join(directory, 'lock');
  let waits = 0;
  await withLock(
    lockFile,
    () => undefined,
    async () => {
      const waited = new Promise<void>((resolve) => {
        void withLock(
          lockFile,
          () => {
            waits += 1;
            resolve();
          },
          async () => undefined,
        ).catch(() => undefined);
      });
      await waited;
    },
  );
  await withLock(
    lockFile,
    () => undefined,
    async () => undefined,
  );
  expect(waits).toBe(1);
});
