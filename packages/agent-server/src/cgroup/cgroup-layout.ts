// SPDX-License-Identifier: Apache-2.0
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoot } from './v2-cgroup.ts';

/**
 * How cgroups are mounted: `unified` = version 2; `legacy` = one tree per controller; `hybrid` = the latter with version 2
 * beside it in `unified/`.
 */
export type CgroupLayout = 'unified' | 'legacy' | 'hybrid';

/** CGROUP2_SUPER_MAGIC of <linux/magic.h>. */
const cgroup2Magic = 0x63677270;

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === cgroup2Magic;
  } catch {
    // A path that cannot be looked at is no cgroup mount.
    return false;
  }
}

/** Looks at the mount point of cgroups. */
export function detectCgroupLayout(root = cgroupRoot): CgroupLayout {
  if (isCgroup2(root)) return 'unified';
  return isCgroup2(join(root, 'unified')) ? 'hybrid' : 'legacy';
}
