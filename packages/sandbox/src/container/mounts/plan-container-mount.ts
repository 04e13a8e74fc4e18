// SPDX-License-Identifier: Apache-2.0
import type { OciMount } from '@hako/protocols';

import type { CheckedMount } from './container-mount.ts';
import { tmpfsStorage } from './ephemeral-mount.ts';
import { hugePagesStorage } from './huge-pages-mount.ts';
import { localStorage } from './local-mount.ts';
import { mountName } from './mount-name.ts';
import type { PlannedMount } from './planned-mount.ts';

/**
 * Decides how a mount that the guest makes reaches the container.
 * @param mount checked
 * @param containerId the container
 * @param index the mount's place among the container's
 */
export function planContainerMount(mount: CheckedMount, containerId: string, index: number): PlannedMount {
  const { destination } = mount;
  switch (mount.type) {
    case 'tmpfs': {
      const { sizeBytes, mode } = mount;
      const options = [
        ...mount.options,
        ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
        ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
      ];
      return { kind: 'guest', mount: { destination, type: 'tmpfs', source: 'tmpfs', options } };
    }
    case 'hugetlbfs': {
      const name = mountName(containerId, destination, index);
      const storage = hugePagesStorage(name, mount.pageBytes, BigInt(mount.sizeBytes));
      return { kind: 'hugepages', storage, mount: bound(destination, storage.mountPoint, false) };
    }
    case 'volume': {
      const name = mount.name ?? mountName(containerId, destination, index);
      const { groupId, readOnly } = mount;
      if (mount.medium === 'tmpfs') {
        const storage = tmpfsStorage(name, groupId, ['mode=1777']);
        return { kind: 'ephemeral', storage, mount: bound(destination, storage.mountPoint, readOnly) };
      }
      const storage = localStorage(name, groupId);
      return { kind: 'local', storage, mount: bound(destination, storage.mountPoint, readOnly) };
    }
    default:
      return mount satisfies never;
  }
}

function bound(destination: string, source: string, readOnly: boolean): OciMount {
  return { destination, type: 'bind', source, options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'] };
}
