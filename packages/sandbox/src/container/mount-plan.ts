// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { guestPaths, guestRootfsPath, type OciMount } from '@hako/protocols';

import type { ShareRequest } from '../share/file-share.ts';
import type { CheckedVolume } from './container-options.ts';

/** What has to be shared for a container, and how its specification names it. */
export interface MountPlan {
  readonly shares: readonly ShareRequest[];
  readonly mounts: readonly OciMount[];
}

/** Where a container's root file system lies in the share. */
export function rootfsShareName(containerId: string): string {
  return `${containerId}/rootfs`;
}

/** That place as the guest names it. */
export const sharedRootfsPath: (containerId: string) => string = guestRootfsPath;

/**
 * Plans the volumes of a container: each is shared under a name of its own and bound from there.
 * @param containerId the container
 * @param volumes checked volumes
 */
export function planVolumes(containerId: string, volumes: readonly CheckedVolume[]): MountPlan {
  const planned = volumes.map(({ source, destination, readOnly }, index) => {
    const name = shareName(containerId, destination, index);
    return {
      share: { name, source, readOnly },
      mount: {
        destination,
        type: 'bind',
        source: `${guestPaths.sharedContainers}${name}`,
        options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'],
      },
    };
  });
  return { shares: planned.map(({ share }) => share), mounts: planned.map(({ mount }) => mount) };
}

/** The same file in guest and container. */
const resolvConf = '/etc/resolv.conf';

/**
 * Lets a container resolve names as the guest does, unless it brings its own.
 * @param others destinations that are taken already
 */
export function resolverMounts(
  ...others: readonly (readonly { readonly destination: string }[])[]
): readonly OciMount[] {
  if (others.flat().some(({ destination }) => destination === resolvConf)) return [];
  return [
    { destination: resolvConf, type: 'bind', source: resolvConf, options: ['rbind', 'rprivate', 'ro'] },
  ];
}

/**
 * Sorts the mounts of a bundle: what it binds from the host becomes a volume, everything else is the guest's to mount.
 * As upstream has it, `/proc`, `/sys` and device nodes are the guest's own, and so is `/dev/shm`.
 * @param mounts the bundle's mounts
 */
export async function splitBundleMounts(
  mounts: readonly OciMount[],
): Promise<{ volumes: readonly CheckedVolume[]; others: readonly OciMount[] }> {
  const volumes: CheckedVolume[] = [];
  const others: OciMount[] = [];
  for (const mount of mounts) {
    const { source, destination, options = [] } = mount;
    if (destination === '/dev/shm') {
      others.push({ destination, type: 'bind', source: guestPaths.sandboxShm, options: ['rbind'] });
    } else if (source !== undefined && isBind(mount) && !(await belongsToGuest(source))) {
      volumes.push({ source, destination, readOnly: options.includes('ro') });
    } else {
      others.push(mount);
    }
  }
  return { volumes, others };
}

function isBind({ type, options = [] }: OciMount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

async function belongsToGuest(source: string): Promise<boolean> {
  if (/^\/(proc|sys)(\/|$)/.test(source) || source === '/dev') return true;
  if (!source.startsWith('/dev/')) return false;
  return stat(source).then(
    (found) => !found.isFile(),
    () => true,
  );
}

/** Unique in the sandbox, and telling a reader of the mount table what it is. */
function shareName(containerId: string, destination: string, index: number): string {
  const digest = createHash('sha256').update(`${index}:${destination}`).digest('hex').slice(0, 16);
  const name = basename(destination)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 32);
  return `${containerId}-${digest}-${name === '' ? 'root' : name}`;
}
