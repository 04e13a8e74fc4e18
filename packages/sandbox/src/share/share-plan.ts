// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import type { ColdDevice, PluggableDevice, VmConfig } from '@hako/hypervisor';
import { guestPaths, sharedDirectoryTag } from '@hako/protocols';
import type { CreateSandboxRequest, DeepPartial } from '@hako/protocols/agent';

import { viewDirectory } from './shared-directory.ts';
import type { CheckedSharing } from './sharing-options.ts';
import { shareSocketPath } from './socket-path.ts';

/** What a machine and its agent need for a kind of sharing. */
export interface SharePlan {
  /** For every machine, also one from a template. */
  readonly config: Pick<VmConfig, 'mountNamespacePath' | 'exportedDirectories'>;
  /** For a machine that boots. */
  readonly coldDevices: readonly ColdDevice[];
  /** The same device, for a machine that runs already. */
  readonly device: PluggableDevice | undefined;
  /** What the agent mounts. */
  readonly storages: NonNullable<DeepPartial<CreateSandboxRequest>['storages']>;
}

const deviceId = 'share';

/**
 * Where the mount namespace of a share can be found while the share lives, by whoever runs in it.
 * @param directory run directory of the sandbox
 */
export function shareNamespacePath(directory: string): string {
  return join(directory, 'share-namespace');
}

/**
 * Plans how a guest gets at what is shared.
 * @param sharing the kind
 * @param directory run directory of the sandbox
 */
export function planSharing(sharing: CheckedSharing, directory: string): SharePlan {
  const tag = sharedDirectoryTag;
  switch (sharing.kind) {
    case 'virtio-fs': {
      const device = { kind: 'virtio-fs', tag, socketPath: shareSocketPath(directory) } as const;
      return {
        config: {},
        coldDevices: [device],
        device: { ...device, id: deviceId },
        storages: [
          { driver: 'virtio-fs', source: tag, fstype: 'virtiofs', mountPoint: guestPaths.sharedContainers },
        ],
      };
    }
    case '9p': {
      const device = { kind: '9p', tag, exportId: deviceId } as const;
      const options = ['trans=virtio,version=9p2000.L,cache=mmap', 'nodev', `msize=${sharing.messageBytes}`];
      return {
        config: {
          mountNamespacePath: shareNamespacePath(directory),
          exportedDirectories: [{ id: deviceId, path: viewDirectory(directory) }],
        },
        coldDevices: [device],
        device: { ...device, id: deviceId },
        storages: [
          { driver: '9p', source: tag, fstype: '9p', mountPoint: guestPaths.sharedContainers, options },
        ],
      };
    }
    case 'none':
      return { config: {}, coldDevices: [], device: undefined, storages: [] };
    default:
      return sharing satisfies never;
  }
}
