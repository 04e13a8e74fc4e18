// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { identifyProcess } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { temporaryDirectory } from '../testing/index.ts';
import { TemplateStore } from './template-store.ts';

/** Writes what a snapshot may be. */
async function save(directory: string): Promise<void> {
  await mkdir(directory);
  await writeFile(join(directory, 'memory'), '');
}

test('a template is found by its key once it is saved, until it is dropped', async () => {
  await using directory = await temporaryDirectory();
  const store = new TemplateStore(join(directory.path, 'templates'));
  expect(await store.find('a')).toBeUndefined();
  await store.add('a', save);
  const found = await store.find('a');
  expect(found).toBe(join(directory.path, 'templates', 'a'));
  expect(await readdir(found ?? '')).toEqual(['memory']);
  await store.drop('a');
  expect(await store.find('a')).toBeUndefined();
});

test('nobody finds a template that is still being saved, and nothing is left of a save that fails', async () => {
  await using directory = await temporaryDirectory();
  const store = new TemplateStore(directory.path);
  const failure = store.add('a', async (target) => {
    await save(target);
    expect(await store.find('a')).toBeUndefined();
    throw new Error('disk full');
  });
  await expect(failure).rejects.toThrow('disk full');
  expect(await readdir(directory.path)).toEqual([]);
});

test('of two that save one template at the same time the first one wins', async () => {
  await using directory = await temporaryDirectory();
  const store = new TemplateStore(directory.path);
  await store.add('a', async (target) => {
    await store.add('a', save);
    await save(target);
  });
  expect(await readdir(directory.path)).toEqual(['a']);
});

test('the four templates that were used last are kept, and what dead processes were saving goes', async () => {
  await using directory = await temporaryDirectory();
  const store = new TemplateStore(directory.path);
  const own = await identifyProcess(process.pid);
  const living = `y-2.${own?.pid ?? 0}-${own?.startTicks ?? 0}.saving`;
  await save(join(directory.path, `x-1.${process.pid}-1.saving`));
  await save(join(directory.path, living));
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) {
    await store.add(key, save);
    const used = new Date(Date.now() - 60_000 + index * 1000);
    await utimes(join(directory.path, key), used, used);
  }
  await store.find('a');
  await store.add('e', save);
  expect((await readdir(directory.path)).sort()).toEqual(['a', 'c', 'd', 'e', living]);
});
