// SPDX-License-Identifier: Apache-2.0
import { basename, dirname } from 'node:path';

import { guestPaths } from '@hako/protocols';

import type { HostFiles } from './host-files.ts';
import type { PlannedMount, SourcedMount } from './planned-mount.ts';
import { planShared } from './shared-mount.ts';

const watchedParents = ['kubernetes.io~configmap', 'kubernetes.io~secret'];

/** The agent copies no more; larger volumes are shared as they are, and programs that wait for changes see none. */
const maxWatchedFiles = 8;

/**
 * Whether a source is a ConfigMap or a Secret of Kubernetes, and small enough to be watched.
 * @param source on the host, symbolic links resolved
 * @param files the host's files
 */
export async function isWatchable(source: string, files: HostFiles): Promise<boolean> {
  if (!watchedParents.includes(basename(dirname(source)))) return false;
  const count = await files.countFiles(source, maxWatchedFiles);
  return count >= 1 && count <= maxWatchedFiles;
}

/**
 * Files that the agent copies into memory, and again when they have changed.
 * @param mount the mount
 * @param name under which its source is shared
 */
export function planWatchable(mount: SourcedMount, name: string): PlannedMount {
  const shared = planShared(mount, name);
  const mountPoint = `${guestPaths.watchable}${name}`;
  const storage = {
    driver: 'watchable-bind',
    source: shared.mount.source ?? '',
    fstype: 'bind',
    mountPoint,
    options: mount.options,
  };
  return {
    kind: 'watchable',
    share: { ...shared.share, isWatched: true },
    storage,
    mount: { ...shared.mount, source: mountPoint },
  };
}
