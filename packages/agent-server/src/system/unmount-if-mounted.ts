// SPDX-License-Identifier: Apache-2.0
import { errnoName } from '../errors/describe-error.ts';
import type { Mounter } from './mounter.ts';

/**
 * Unmounts what is mounted at a place, also when it is busy.
 *
 * @returns false when nothing is mounted there (any more), or the place is gone
 */
export function unmountIfMounted(mounter: Pick<Mounter, 'unmount'>, target: string): boolean {
  try {
    mounter.unmount(target, { detach: true });
    return true;
  } catch (error) {
    const code = errnoName(error);
    if (code === 'EINVAL' || code === 'ENOENT') return false;
    throw error;
  }
}
