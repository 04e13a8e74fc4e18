// SPDX-License-Identifier: Apache-2.0
import { readdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { assetFileNames, findAssets, pruneAssets, publishAssets, storeAssets } from './asset-cache.ts';
import { readGuestAssets } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

const digest = (character: string): string => character.repeat(64);

async function store(cacheDir: string, character: string): Promise<Manifest> {
  return storeAssets({
    cacheDir,
    digest: digest(character),
    kernelRelease: '6.1.0',
    write: async (directory) => {
      for (const name of Object.values(assetFileNames))
        await writeFile(join(directory, name), `${name} ${character}`);
    },
  });
}

test('stored assets are found again by their digest and by no other', async () => {
  await using cache = await createTemporaryDirectory(tmpdir());
  const manifest = await store(cache.path, 'a');
  expect(await findAssets(cache.path, digest('a'))).toEqual(manifest);
  expect(await findAssets(cache.path, digest('b'))).toBeUndefined();
});

test('assets with a damaged file are not found, and storing them again repairs them', async () => {
  await using cache = await createTemporaryDirectory(tmpdir());
  const { imagePath } = await publishAssets(cache.path, await store(cache.path, 'a'));
  await truncate(imagePath, 3);
  expect(await findAssets(cache.path, digest('a'))).toBeUndefined();
  await store(cache.path, 'a');
  expect(await findAssets(cache.path, digest('a'))).toBeDefined();
});

test('a failing build leaves neither assets nor temporary files', async () => {
  await using cache = await createTemporaryDirectory(tmpdir());
  const failing = storeAssets({
    cacheDir: cache.path,
    digest: digest('a'),
    kernelRelease: '6.1.0',
    write: () => Promise.reject(new Error('disk full')),
  });
  await expect(failing).rejects.toThrow('disk full');
  expect(await readdir(join(cache.path, 'assets'))).toEqual([]);
});

test('the published assets are what a reader of current.json gets', async () => {
  await using cache = await createTemporaryDirectory(tmpdir());
  const published = await publishAssets(cache.path, await store(cache.path, 'a'));
  expect(await readGuestAssets(join(cache.path, 'current.json'))).toEqual(published);
  expect(await readdir(cache.path)).toEqual(['assets', 'current.json']);
});

test('pruning keeps the three used last', async () => {
  await using cache = await createTemporaryDirectory(tmpdir());
  for (const [age, character] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    await store(cache.path, character);
    const usedAt = new Date(Date.UTC(2020, 1, 1, 10 - age));
    await utimes(join(cache.path, 'assets', character.repeat(32)), usedAt, usedAt);
  }
  await findAssets(cache.path, digest('e'));
  await pruneAssets(cache.path);
  expect((await readdir(join(cache.path, 'assets'))).sort()).toEqual(
    ['a', 'b', 'e'].map((name) => name.repeat(32)),
  );
});

test.each([
  ['is absent', undefined],
  ['is no JSON', '{'],
  ['is of another version', '{"version": 2}'],
  ['lacks a field', '{"version": 1, "digest": "x"}'],
])('reading a manifest that %s is refused with manifest_invalid', async (_, content) => {
  await using cache = await createTemporaryDirectory(tmpdir());
  const path = join(cache.path, 'current.json');
  if (content !== undefined) await writeFile(path, content);
  await expect(readGuestAssets(path)).rejects.toMatchObject({ code: 'manifest_invalid' });
});
