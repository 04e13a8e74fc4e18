// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { canAccess } from './can-access.ts';
import { SandboxError } from './sandbox-error.ts';

/** What a virtual machine boots. */
export interface GuestAssets {
  /** Kernel image. */
  readonly kernelPath: string;
  /** Initial ramdisk with the modules the root image needs. */
  readonly initrdPath?: string;
  /** Root image, mounted read-only. */
  readonly imagePath?: string;
  /** File system of the root image. */
  readonly imageFstype: 'erofs' | 'ext4';
}

/** Files to use instead of the built ones. */
export interface AssetOverrides {
  readonly kernelPath?: string;
  readonly initrdPath?: string;
  readonly imagePath?: string;
}

/** Folder of the cache that is a cache itself, whose guest has Debian's full kernel. */
const fullKernelFolder = 'full-kernel';

/** The manifest that the guest image builder leaves for whoever wants to boot its newest build. */
const manifestPath = ['guest', 'current.json'] as const;

const buildRemedy = 'build the guest with `npm start`, or give --kernel, --initrd and --image';

/**
 * Where the guest is looked for: the one with the full kernel if files are shared by 9p, which the usual one has not, and if
 * it has been built.
 * @param config the sandbox's
 */
export async function guestCache({
  sharing,
  cacheDirectory,
}: {
  readonly sharing: { readonly kind: string };
  readonly cacheDirectory: string;
}): Promise<string> {
  if (sharing.kind !== '9p') return cacheDirectory;
  const full = join(cacheDirectory, fullKernelFolder);
  return (await canAccess(join(full, ...manifestPath))) ? full : cacheDirectory;
}

/**
 * Finds what to boot: the newest build in the cache, with single files replaced as the caller wants. Error:
 * `assets_missing`.
 * @param cacheDirectory where the builder keeps its results
 * @param overrides files to use instead
 */
export async function locateGuestAssets(
  cacheDirectory: string,
  overrides: AssetOverrides = {},
): Promise<GuestAssets> {
  const { kernelPath, initrdPath, imagePath } = overrides;
  const isComplete = kernelPath !== undefined && (initrdPath !== undefined || imagePath !== undefined);
  const built = isComplete ? undefined : await readManifest(cacheDirectory);
  const initrd = initrdPath ?? built?.initrdPath;
  const image = imagePath ?? built?.imagePath;
  const assets: GuestAssets = {
    kernelPath: resolve(kernelPath ?? built?.kernelPath ?? ''),
    ...(initrd === undefined ? {} : { initrdPath: resolve(initrd) }),
    ...(image === undefined ? {} : { imagePath: resolve(image) }),
    imageFstype: imagePath === undefined ? (built?.imageFstype ?? 'erofs') : await fileSystemOf(imagePath),
  };
  await expectReadable('kernel', assets.kernelPath);
  if (assets.initrdPath !== undefined) await expectReadable('initrd', assets.initrdPath);
  if (assets.imagePath !== undefined) await expectReadable('guest image', assets.imagePath);
  return assets;
}

async function readManifest(cacheDirectory: string): Promise<GuestAssets> {
  const path = join(cacheDirectory, ...manifestPath);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new SandboxError('assets_missing', `guest manifest ${path} is missing or broken`, {
      cause,
      remedy: buildRemedy,
    });
  }
  if (!isManifest(value)) {
    throw new SandboxError('assets_missing', `guest manifest ${path} is not understood`, {
      remedy: buildRemedy,
    });
  }
  return value;
}

function isManifest(value: unknown): value is GuestAssets {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'kernelPath' in value &&
    typeof value.kernelPath === 'string' &&
    'initrdPath' in value &&
    typeof value.initrdPath === 'string' &&
    'imagePath' in value &&
    typeof value.imagePath === 'string' &&
    'imageFstype' in value &&
    (value.imageFstype === 'erofs' || value.imageFstype === 'ext4')
  );
}

async function expectReadable(what: string, path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (cause) {
    throw new SandboxError('assets_missing', `${what} ${path} does not exist or is not readable`, {
      cause,
      remedy: buildRemedy,
    });
  }
}

/** Position and value of erofs' magic number, see `include/linux/magic.h`. */
const erofsMagicOffset = 1024;
const erofsMagic = 0xe0f5e1e2;

async function fileSystemOf(path: string): Promise<'erofs' | 'ext4'> {
  await expectReadable('guest image', path);
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, erofsMagicOffset);
    return bytesRead === 4 && buffer.readUInt32LE(0) === erofsMagic ? 'erofs' : 'ext4';
  } finally {
    await file.close();
  }
}
