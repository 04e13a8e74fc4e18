// SPDX-License-Identifier: Apache-2.0
import type { MountFlag } from '@hako/linux';

/** One call of mount(2). */
export interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly fstype?: string;
  readonly flags: readonly MountFlag[];
  readonly data?: string;
  /** A directory the target lies in; a link that leads out of it is refused (EXDEV). Default: all links are followed. */
  readonly root?: string;
  /** As `root`, for the source of a bind mount. */
  readonly sourceRoot?: string;
}

/** A line of the mount table. */
export interface MountEntry {
  readonly target: string;
  readonly fstype: string;
  readonly source: string;
  /** Whether nothing can be written through this mount. */
  readonly readOnly: boolean;
}

/** How something is unmounted. */
export interface UnmountOptions {
  /** Also when it is busy. */
  readonly detach?: boolean;
  /** As of {@link MountRequest.root}. */
  readonly root?: string;
}

/** Mounts and unmounts; the real one calls the kernel, the fake one keeps a list. */
export interface Mounter {
  /** Throws an error whose `code` is the errno name. */
  mount(request: MountRequest): void;
  /** Unmounts. EINVAL when nothing is mounted there. */
  unmount(target: string, options?: UnmountOptions): void;
  /** What is mounted now, in the order of mounting. */
  list(): Promise<readonly MountEntry[]>;
}
