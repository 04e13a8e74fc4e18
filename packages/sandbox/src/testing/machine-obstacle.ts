// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import { locateGuestAssets } from '../guest-assets.ts';
import { resolveCacheDirectory } from '../image/image-cache.ts';

/**
 * Why tests cannot have real machines here, as the end of a title; empty when they can.
 * @param needs looks for what they need beside root and a guest image, by its name
 */
export async function machineObstacle(
  needs: Readonly<Record<string, Promise<unknown>>> = {},
): Promise<string> {
  const looks = { 'guest image in the cache': locateGuestAssets(resolveCacheDirectory()), ...needs };
  const results = await Promise.allSettled(Object.values(looks));
  const absent = Object.keys(looks).filter((_, index) => results[index]?.status === 'rejected');
  if (absent.length > 0) return ` (skipped: no ${absent.join(', no ')})`;
  return process.getuid?.() === 0 ? '' : ' (skipped: not root)';
}
