// SPDX-License-Identifier: Apache-2.0
import { guestPaths, type OciSpec } from '@hako/protocols';

import { SandboxError } from '../../sandbox-error.ts';
import { isBind } from './bind-mount.ts';
import { hostFiles, type HostFiles } from './host-files.ts';
import type { PlannedMount } from './planned-mount.ts';

/** Where containers find their shared memory. */
export const shmDestination = '/dev/shm';

const bytesPerMib = 2 ** 20;
const usualShmMib = 64;

/**
 * Shared memory: that of the sandbox, or one of the container's own where the sandbox has none.
 * @param hasShm whether it has
 */
export function planShm(hasShm: boolean): PlannedMount {
  if (hasShm) {
    const mount = {
      destination: shmDestination,
      type: 'bind',
      source: guestPaths.sandboxShm,
      options: ['rbind'],
    };
    return { kind: 'shm', mount };
  }
  const options = shmOptions(usualShmMib);
  return { kind: 'shm', mount: { destination: shmDestination, type: 'tmpfs', source: 'shm', options } };
}

/**
 * Options of the tmpfs that is shared memory.
 * @param sizeMib its size in MiB
 */
export function shmOptions(sizeMib: number): string[] {
  return ['noexec', 'nosuid', 'nodev', 'mode=1777', `size=${sizeMib * bytesPerMib}`];
}

/**
 * How large a bundle wants the sandbox's shared memory, in MiB: as large as what it binds there, else 64; 0 when it has none.
 * Error: `invalid_options` when what it binds is not there.
 * @param spec the bundle's specification
 * @param files the host's files
 */
export async function bundleShmMib(spec: OciSpec, files: HostFiles = hostFiles): Promise<number> {
  const mount = spec.mounts?.find(({ destination }) => destination === shmDestination);
  if (mount === undefined) return 0;
  if (!isBind(mount) || mount.source === undefined || mount.source === shmDestination) return usualShmMib;
  const { source } = mount;
  const { sizeBytes } = await files.fileSystem(source).catch((cause: unknown) => {
    throw new SandboxError('invalid_options', `mount source ${source} does not exist`, { cause });
  });
  return Math.ceil(sizeBytes / bytesPerMib);
}
