// SPDX-License-Identifier: Apache-2.0
import { guestPaths, sharedDirectoryTag } from '@hako/protocols';
import type { CreateSandboxRequest, DeepPartial } from '@hako/protocols/agent';

const bytesPerMib = 1024 * 1024;

/**
 * What the agent mounts before any container exists: the host's shared directory and the shared memory of all containers.
 * @param shmMib size of the latter in MiB; 0 leaves it out
 */
export function sandboxStorages(shmMib: number): NonNullable<DeepPartial<CreateSandboxRequest>['storages']> {
  return [
    {
      driver: 'virtio-fs',
      source: sharedDirectoryTag,
      fstype: 'virtiofs',
      mountPoint: guestPaths.sharedContainers,
    },
    ...(shmMib === 0
      ? []
      : [
          {
            driver: 'ephemeral',
            source: 'shm',
            fstype: 'tmpfs',
            mountPoint: guestPaths.sandboxShm,
            options: ['noexec', 'nosuid', 'nodev', 'mode=1777', `size=${shmMib * bytesPerMib}`],
          },
        ]),
  ];
}
