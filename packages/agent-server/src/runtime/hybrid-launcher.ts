// SPDX-License-Identifier: Apache-2.0
import { cgroupRoot } from '../cgroup/v2-cgroup.ts';

/**
 * crun refuses to work where both versions of cgroups are mounted and version 2 has controllers. On such a machine, which
 * is never a guest of ours, it is shown one on which version 2 is covered.
 */
export const hybridLauncher: readonly string[] = [
  'unshare',
  '--mount',
  '--',
  'sh',
  '-c',
  `mount -t tmpfs none ${cgroupRoot}/unified && exec "$@"`,
  'sh',
];
