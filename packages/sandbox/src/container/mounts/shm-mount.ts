// SPDX-License-Identifier: Apache-2.0
import { guestPaths, type OciMount, type OciSpec } from '@hako/protocols';

import { SandboxError } from '../../sandbox-error.ts';
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
  const size = `size=${usualShmMib * bytesPerMib}`;
  const options = ['noexec', 'nosuid', 'nodev', 'mode=1777', size];
  return { kind: 'shm', mount: { destination: shmDestination, type: 'tmpfs', source: 'shm', options } };
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
  if (!isBound(mount) || mount.source === undefined || mount.source === shmDestination) return usualShmMib;
  const { source } = mount;
  const { sizeBytes } = await files.fileSystem(source).catch((cause: unknown) => {
    throw new SandboxError('invalid_options', `mount source ${source} does not exist`, { cause });
  });
  return Math.ceil(sizeBytes / bytesPerMib);
}

function isBound({ type, options = [] }: OciMount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}
