// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';

import { guestPaths } from '@hako/protocols';

import type { PlannedMount, SourcedMount } from './planned-mount.ts';
import type { PlacedStorage } from './wire-storage.ts';

/**
 * A tmpfs of the sandbox. It outlives the containers that use it.
 * @param name its name in the sandbox
 * @param groupId the group it is given to; 0: nobody's
 * @param options further ones of the tmpfs
 */
export function tmpfsStorage(name: string, groupId: number, options: readonly string[] = []): PlacedStorage {
  return tmpfsAt(`${guestPaths.sandboxEphemeral}${name}`, groupId, options);
}

/**
 * A {@link tmpfsStorage} that is there, with another size.
 * @param volume where it is, and the group it was given to
 * @param sizeMib its size
 */
export function resizedTmpfs(
  { mountPoint, groupId = 0 }: { readonly mountPoint: string; readonly groupId?: number },
  sizeMib: number,
): PlacedStorage {
  return tmpfsAt(mountPoint, groupId, ['remount', `size=${sizeMib}M`]);
}

/**
 * Kubernetes' `emptyDir` in memory.
 * @param mount the mount; the name of its source is the volume's
 * @param groupId group of the source
 */
export function planEphemeral(mount: SourcedMount, groupId: number): PlannedMount {
  const storage = tmpfsStorage(basename(mount.source), groupId);
  return { kind: 'ephemeral', storage, mount: { ...mount, type: 'bind', source: storage.mountPoint } };
}

/**
 * The storage option that gives a volume to a group.
 * @param groupId 0: none
 */
export function fsGroupOptions(groupId: number): string[] {
  return groupId === 0 ? [] : [`fsgid=${groupId}`];
}

function tmpfsAt(mountPoint: string, groupId: number, options: readonly string[]): PlacedStorage {
  return {
    driver: 'ephemeral',
    source: 'tmpfs',
    fstype: 'tmpfs',
    mountPoint,
    options: [...options, ...fsGroupOptions(groupId)],
  };
}
