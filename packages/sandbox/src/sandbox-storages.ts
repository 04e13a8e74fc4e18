// SPDX-License-Identifier: Apache-2.0
import { guestPaths } from '@hako/protocols';
import type { CreateSandboxRequest, DeepPartial } from '@hako/protocols/agent';

import { shmOptions } from './container/mounts/shm-mount.ts';

type Storages = NonNullable<DeepPartial<CreateSandboxRequest>['storages']>;

/**
 * What the agent mounts before any container exists: the host's shared directory and the shared memory of all containers.
 * @param share the former, as its kind of sharing has it
 * @param shmMib size of the latter in MiB; 0 leaves it out
 */
export function sandboxStorages(share: Storages, shmMib: number): Storages {
  return [
    ...share,
    ...(shmMib === 0
      ? []
      : [
          {
            driver: 'ephemeral',
            source: 'shm',
            fstype: 'tmpfs',
            mountPoint: guestPaths.sandboxShm,
            options: shmOptions(shmMib),
          },
        ]),
  ];
}
