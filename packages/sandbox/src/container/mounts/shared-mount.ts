// SPDX-License-Identifier: Apache-2.0
import { guestPaths } from '@hako/protocols';

import type { PlannedMount, SourcedMount } from './planned-mount.ts';

/**
 * Files of the host, shared under a name of their own and bound from there.
 * @param mount the mount
 * @param name the name
 */
export function planShared(
  mount: SourcedMount,
  name: string,
): PlannedMount & Required<Pick<PlannedMount, 'mount' | 'share'>> {
  return {
    kind: 'shared',
    share: { name, source: mount.source, readOnly: mount.options.includes('ro') },
    mount: { ...mount, type: 'bind', source: `${guestPaths.sharedContainers}${name}` },
  };
}
