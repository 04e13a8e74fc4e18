// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { currentFileName, manifestFileName, manifestVersion, readManifest } from './manifest.ts';
import type { GuestAssets, Manifest } from './manifest.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** How many asset directories stay, the one in use among them. */
const keptAssets = 3;

/** File names in an asset directory. */
export const assetFileNames = { kernel: 'vmlinux', initrd: 'initrd.cpio', image: 'root.erofs' } as const;

/** Directory of the assets with a digest, relative to the guest folder of the cache. */
const directoryOf = (digest: string): string => join('assets', digest.slice(0, 32));

/** Finds assets of a digest that were built before and are complete; marks them as used. */
export async function findAssets(cacheDir: string, digest: string): Promise<Manifest | undefined> {
  const directory = join(cacheDir, directoryOf(digest));
  const manifest = await readManifest(join(directory, manifestFileName)).catch(() => undefined);
  if (manifest?.digest !== digest) return undefined;
  for (const asset of [manifest.kernel, manifest.initrd, manifest.image]) {
    const found = await stat(join(directory, asset.name)).catch(() => undefined);
    if (found?.size !== asset.bytes) return undefined;
  }
  const now = new Date();
  await utimes(directory, now, now);
  return manifest;
}

/**
 * Stores new assets: `write` fills a temporary directory, which appears under its final name complete or not at all.
 */
export async function storeAssets(options: {
  cacheDir: string;
  digest: string;
  kernelRelease: string;
  write: (directory: string) => Promise<void>;
}): Promise<Manifest> {
  const parent = join(options.cacheDir, 'assets');
  await mkdir(parent, { recursive: true });
  await using temporary = await createTemporaryDirectory(parent);
  const staged = join(temporary.path, 'assets');
  await mkdir(staged);
  await options.write(staged);
  const manifest: Manifest = {
    version: manifestVersion,
    digest: options.digest,
    kernelRelease: options.kernelRelease,
    imageFstype: 'erofs',
    kernel: await describeAsset(staged, assetFileNames.kernel),
    initrd: await describeAsset(staged, assetFileNames.initrd),
    image: await describeAsset(staged, assetFileNames.image),
  };
  await writeFile(join(staged, manifestFileName), encodeJson(manifest));
  const directory = join(options.cacheDir, directoryOf(options.digest));
  // An incomplete directory of that name is damage: nothing but this rename puts one there.
  await rename(directory, join(temporary.path, 'damaged')).catch(() => undefined);
  await rename(staged, directory);
  return manifest;
}

/** Points `current.json` at stored assets, atomically. */
export async function publishAssets(cacheDir: string, manifest: Manifest): Promise<GuestAssets> {
  const directory = resolve(cacheDir, directoryOf(manifest.digest));
  const current: GuestAssets = {
    version: manifestVersion,
    digest: manifest.digest,
    kernelRelease: manifest.kernelRelease,
    kernelPath: join(directory, manifest.kernel.name),
    initrdPath: join(directory, manifest.initrd.name),
    imagePath: join(directory, manifest.image.name),
    imageFstype: manifest.imageFstype,
  };
  await using temporary = await createTemporaryDirectory(cacheDir);
  const staged = join(temporary.path, currentFileName);
  await writeFile(staged, encodeJson(current));
  await rename(staged, join(cacheDir, currentFileName));
  return current;
}

/** Removes all but the most recently used assets. A running VM keeps the files it has open. */
export async function pruneAssets(cacheDir: string): Promise<void> {
  const parent = join(cacheDir, 'assets');
  const names = (await readdir(parent)).filter((name) => !name.startsWith('.'));
  const aged = await Promise.all(
    names.map(async (name) => ({
      path: join(parent, name),
      usedMs: (await stat(join(parent, name))).mtimeMs,
    })),
  );
  const superfluous = aged.sort((a, b) => b.usedMs - a.usedMs).slice(keptAssets);
  await Promise.all(superfluous.map(({ path }) => rm(path, { recursive: true, force: true })));
}

async function describeAsset(directory: string, name: string): Promise<Manifest['kernel']> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(join(directory, name), { highWaterMark: 1 << 20 })) {
    const part: unknown = chunk;
    if (!Buffer.isBuffer(part)) continue;
    hash.update(part);
    bytes += part.length;
  }
  return { name, sha256: hash.digest('hex'), bytes };
}

function encodeJson(value: Manifest | GuestAssets): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
