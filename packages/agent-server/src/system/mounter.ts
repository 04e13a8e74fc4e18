// SPDX-License-Identifier: Apache-2.0
import type { MountFlag } from '@hako/linux';

/** One call of mount(2). */
export interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly fstype?: string;
  readonly flags: readonly MountFlag[];
  readonly data?: string;
}

/** A line of the mount table. */
export interface MountEntry {
  readonly target: string;
  readonly fstype: string;
  readonly source: string;
  /** Whether nothing can be written through this mount. */
  readonly readOnly: boolean;
}

/** Mounts and unmounts; the real one calls the kernel, the fake one keeps a list. */
export interface Mounter {
  /** Throws an error whose `code` is the errno name. */
  mount(request: MountRequest): void;
  /** Unmounts; `detach` also when it is busy. EINVAL when nothing is mounted there. */
  unmount(target: string, options?: { readonly detach?: boolean }): void;
  /** What is mounted now, in the order of mounting. */
  list(): Promise<readonly MountEntry[]>;
}
