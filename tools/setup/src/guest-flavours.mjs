// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { guestCacheDir, userCacheDir, workspaceCacheDir } from './locations.mjs';

/**
 * A guest image with a kernel of Debian's.
 *
 * @typedef {object} GuestFlavour
 * @property {string} name - For people.
 * @property {string} metaPackage - Depends on the newest kernel package of its kind.
 * @property {string} cacheDir - Guest folder of a cache.
 * @property {string} stampPath - Remembers what the image was made of.
 */

/**
 * The guests to make ready: the one with the kernel for virtual machines, and on request one with the full kernel, in a cache
 * of its own below the user's. The full one is three times as large, and has 9p.
 *
 * @returns {readonly GuestFlavour[]}
 */
export function guestFlavours() {
  const usual = {
    name: 'guest',
    metaPackage: 'linux-image-cloud-amd64',
    cacheDir: guestCacheDir(),
    stampPath: join(workspaceCacheDir, 'guest-image.json'),
  };
  if ((process.env.HAKO_FULL_KERNEL ?? '') === '') return [usual];
  const full = {
    name: 'guest with the full kernel',
    metaPackage: 'linux-image-amd64',
    cacheDir: join(userCacheDir(), 'full-kernel/guest'),
    stampPath: join(workspaceCacheDir, 'guest-image-full-kernel.json'),
  };
  return [usual, full];
}
