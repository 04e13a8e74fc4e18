// SPDX-License-Identifier: Apache-2.0
import { copyFile, link } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { readGuestAssets } from '@hako/guest-image';
import { writeTestInitrd } from './test-initrd.ts';

/** What test machines boot. */
export interface GuestFiles {
  /** Where each machine gets a directory of its own, and the saved one lies. */
  readonly directory: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly imagePath: string;
  readonly imageFstype: 'erofs';
}

/** A file that stays although the cache replaces its own: a link where that is possible. */
async function hold(path: string, directory: string): Promise<string> {
  const held = join(directory, basename(path));
  await link(path, held).catch(() => copyFile(path, held));
  return held;
}

/**
 * The guest that set-up has built, with a shell for the tests beside the agent.
 *
 * @param directory - exists; gets all the files
 * @throws GuestImageError `manifest_invalid` if there is none
 */
export async function prepareGuestFiles(directory: string): Promise<GuestFiles> {
  const cacheDir = resolve(process.env['HAKO_CACHE_DIR'] ?? join(homedir(), '.cache/hako'));
  const assets = await readGuestAssets(join(cacheDir, 'guest/current.json'));
  const initrdPath = join(directory, 'test-initrd.cpio');
  await writeTestInitrd(assets.initrdPath, initrdPath);
  return {
    directory,
    kernelPath: await hold(assets.kernelPath, directory),
    initrdPath,
    imagePath: await hold(assets.imagePath, directory),
    imageFstype: assets.imageFstype,
  };
}
