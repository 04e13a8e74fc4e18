// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';

import { isBind } from './bind-mount.ts';
import { fsGroupOptions } from './ephemeral-mount.ts';
import type { PlannedMount, SourcedMount } from './planned-mount.ts';
import type { PlacedStorage } from './wire-storage.ts';

/**
 * Where the guest has directories of its own for volumes. Upstream puts them below the pause container's root; here all that
 * lies in the shared directory is the host's and read-only.
 */
const localVolumes = '/run/kata-containers/sandbox/local/';

/**
 * A directory of the guest. It outlives the containers that use it.
 * @param name its name in the sandbox
 * @param groupId the group it is given to; 0: nobody's
 */
export function localStorage(name: string, groupId: number): PlacedStorage {
  return {
    driver: 'local',
    source: 'local',
    fstype: 'local',
    mountPoint: `${localVolumes}${name}`,
    options: ['mode=0777', ...fsGroupOptions(groupId)],
  };
}

/**
 * Kubernetes' `emptyDir` on disk, as a directory of the guest.
 * @param mount the mount; the name of its source is the volume's
 * @param groupId group of the source
 */
export function planLocal(mount: SourcedMount, groupId: number): PlannedMount {
  const storage = localStorage(basename(mount.source), groupId);
  const { options } = mount;
  const bound = isBind({ options }) ? options : ['rbind', ...options];
  return {
    kind: 'local',
    storage,
    mount: { ...mount, type: 'local', source: storage.mountPoint, options: bound },
  };
}
