// SPDX-License-Identifier: Apache-2.0
import { guestBundlePath } from '@hako/protocols';

import { sharedRootfsPath } from './mounts/rootfs-place.ts';
import type { WireStorage } from './mounts/wire-storage.ts';

/** A root file system that is shared. */
export interface SharedRoot {
  /** As the guest names it. */
  readonly path: string;
  readonly storages: readonly WireStorage[];
}

/**
 * The image is shared read-only, so that no guest changes it. A container that wants to write gets an overlay whose
 * upper layer lives in the guest's memory; a read-only one sees the shared directory as it is.
 * @param id the container
 * @param readOnly whether the image says so
 */
export function sharedRoot(id: string, readOnly: boolean): SharedRoot {
  const shared = sharedRootfsPath(id);
  if (readOnly) return { path: shared, storages: [] };
  const mountPoint = `${guestBundlePath(id)}/rootfs`;
  return {
    path: mountPoint,
    storages: [
      {
        driver: 'overlayfs',
        source: 'overlay',
        fstype: 'overlay',
        // The shared directory is a mount of its own in the guest, made when a path leads through it: hence the dot.
        options: ['io.katacontainers.fs-opt.overlay-rw', `lowerdir=${shared}/.`],
        mountPoint,
      },
    ],
  };
}
