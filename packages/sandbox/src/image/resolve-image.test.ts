// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { readLayout } from './oci-layout.ts';
import { resolveImage } from './resolve-image.ts';

async function layout(directory: string, tags: readonly string[]): Promise<void> {
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
  const put = async (value: object): Promise<string> => {
    const text = JSON.stringify(value);
    const hex = createHash('sha256').update(text).digest('hex');
    await writeFile(join(directory, 'blobs/sha256', hex), text);
    return `sha256:${hex}`;
  };
  const settings = {
    Env: ['A=1'],
    Entrypoint: ['/entry'],
    Cmd: ['arg'],
    User: '1000:100',
    WorkingDir: '/work',
  };
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: await put({ config: settings }),
  };
  const manifests = await Promise.all(
    tags.map(async (tag) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: await put({ schemaVersion: 2, config, layers: [], annotations: { tag } }),
      annotations: { 'org.opencontainers.image.ref.name': tag },
    })),
  );
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

test('the built-in image is made once and has its programs', async () => {
  await using cache = await temporaryDirectory();
  const [first, second] = await Promise.all(
    [1, 2].map(() => resolveImage('busybox', { cacheDirectory: cache.path })),
  );
  expect(first).toEqual(second);
  expect(await readdir(join(cache.path, 'images'))).toHaveLength(1);
  const { rootfs = '' } = first ?? {};
  expect(await readlink(join(rootfs, 'bin/sh'))).toBe('/bin/busybox');
  expect((await lstat(join(rootfs, 'tmp'))).mode & 0o7777).toBe(0o1777);
});

test('an image given up leaves no half of it', async () => {
  await using cache = await temporaryDirectory();
  const given = resolveImage('busybox', { cacheDirectory: cache.path, signal: AbortSignal.abort() });
  await expect(given).rejects.toMatchObject({ code: 'aborted' });
  expect(await readdir(cache.path)).toEqual([]);
});

test('a bundle brings its own process, user and read-only root', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'root'));
  const process = { args: ['/app'], cwd: '/srv', env: ['B=2'], user: { uid: 7, gid: 8 } };
  const spec = { ociVersion: '1.1.0', root: { path: 'root', readonly: true }, process };
  await writeFile(join(directory.path, 'config.json'), JSON.stringify(spec));
  expect(await resolveImage(`bundle:${directory.path}`)).toMatchObject({
    rootfs: join(directory.path, 'root'),
    readOnly: true,
    command: ['/app'],
    cwd: '/srv',
    env: ['B=2'],
    user: '7:8',
  });
});

test.for([
  { tags: ['latest', 'v1'], tag: 'v1', expected: 'v1' },
  { tags: ['latest', 'v1'], tag: undefined, expected: 'latest' },
  { tags: ['v1'], tag: undefined, expected: 'v1' },
])('of $tags, the tag $tag means $expected', async ({ tags, tag, expected }) => {
  await using directory = await temporaryDirectory();
  await layout(directory.path, tags);
  expect(await readLayout(directory.path, tag)).toMatchObject({
    tag: expected,
    entrypoint: ['/entry'],
    cmd: ['arg'],
    user: '1000:100',
    workingDirectory: '/work',
  });
});

test('a tag that is not there is answered with those that are', async () => {
  await using directory = await temporaryDirectory();
  await layout(directory.path, ['v1', 'v2']);
  await expect(readLayout(directory.path, 'v3')).rejects.toMatchObject({
    code: 'invalid_image',
    remedy: 'name one of its tags: v1, v2',
  });
});

test('a blob that does not match its digest is refused', async () => {
  await using directory = await temporaryDirectory();
  await layout(directory.path, ['v1']);
  const blobs = join(directory.path, 'blobs/sha256');
  for (const blob of await readdir(blobs)) await writeFile(join(blobs, blob), '{"schemaVersion":2}');
  await expect(readLayout(directory.path, 'v1')).rejects.toMatchObject({
    code: 'invalid_image',
    message: expect.stringContaining('does not match its digest') as unknown,
  });
});
