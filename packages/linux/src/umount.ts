// SPDX-License-Identifier: Apache-2.0
import { cString } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/** Flags of umount2(2); all off by default. */
export interface UmountOptions {
  /** Abort pending requests of network and FUSE file systems. */
  readonly force?: boolean;
  /** Take it out of the tree now, unmount when the last user is gone. */
  readonly detach?: boolean;
  /** Do not follow `target` when it is a symbolic link. */
  readonly noFollow?: boolean;
}

/**
 * umount2(2).
 *
 * @throws LinuxError with the errno name as code: `EBUSY` in use, `EINVAL` not a mount point.
 */
export function umount(target: string, options: UmountOptions = {}, libc: Libc = systemLibc()): void {
  const flags = (options.force ? 1 : 0) | (options.detach ? 2 : 0) | (options.noFollow ? 8 : 0);
  invoke(libc, target, 'umount2', cString(target, 'umount2'), flags);
}
