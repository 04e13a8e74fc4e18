// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { errnoName } from '../errors/describe-error.ts';
import type { Mounter, MountRequest } from '../system/mounter.ts';

interface GuestMount extends MountRequest {
  /** A failure is no reason not to start. */
  readonly optional?: boolean;
}

/**
 * What a guest needs mounted, in this order. The root image is read-only, so whatever is written lies on tmpfs. Flags as
 * upstream's agent has them.
 */
export const guestMounts: readonly GuestMount[] = [
  { source: 'proc', target: '/proc', fstype: 'proc', flags: ['nosuid', 'nodev', 'noexec'] },
  { source: 'sysfs', target: '/sys', fstype: 'sysfs', flags: ['nosuid', 'nodev', 'noexec'] },
  { source: 'dev', target: '/dev', fstype: 'devtmpfs', flags: ['nosuid'], optional: true },
  { source: 'tmpfs', target: '/dev/shm', fstype: 'tmpfs', flags: ['nosuid', 'nodev'] },
  {
    source: 'devpts',
    target: '/dev/pts',
    fstype: 'devpts',
    flags: ['nosuid', 'noexec'],
    data: 'mode=0620,ptmxmode=0666',
  },
  { source: 'tmpfs', target: '/run', fstype: 'tmpfs', flags: ['nosuid', 'nodev'], data: 'mode=0755' },
  { source: 'tmpfs', target: '/tmp', fstype: 'tmpfs', flags: ['nosuid', 'nodev'], data: 'mode=1777' },
  {
    source: 'cgroup2',
    target: '/sys/fs/cgroup',
    fstype: 'cgroup2',
    flags: ['nosuid', 'nodev', 'noexec', 'relatime'],
    data: 'nsdelegate',
  },
];

/** EBUSY: the same file system is there already, as devtmpfs of the kernel or of an initramfs. */
function isMountedAlready(error: unknown): boolean {
  return errnoName(error) === 'EBUSY';
}

/**
 * Mounts what is missing.
 *
 * @throws the kernel's error for a mount a guest cannot do without
 */
export function mountGuestFilesystems(mounter: Pick<Mounter, 'mount'>, mounts = guestMounts): void {
  for (const { optional = false, ...request } of mounts) {
    try {
      mkdirSync(request.target, { recursive: true });
    } catch (error) {
      // On a read-only root the directory has to be in the image; the mount says so if it is not.
      if (errnoName(error) !== 'EROFS') throw error;
    }
    try {
      mounter.mount(request);
    } catch (error) {
      if (!optional && !isMountedAlready(error)) throw error;
    }
  }
}
