// SPDX-License-Identifier: Apache-2.0
import type { OciMount } from '@hako/protocols';

/** The same file in guest and container. */
const resolvConf = '/etc/resolv.conf';

/**
 * Lets a container resolve names as the guest does, unless it brings its own.
 * @param others mounts that are there already
 */
export function resolverMounts(others: readonly Pick<OciMount, 'destination'>[]): readonly OciMount[] {
  if (others.some(({ destination }) => destination === resolvConf)) return [];
  return [
    { destination: resolvConf, type: 'bind', source: resolvConf, options: ['rbind', 'rprivate', 'ro'] },
  ];
}
