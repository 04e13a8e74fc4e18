// SPDX-License-Identifier: Apache-2.0
import type { OciHugepageLimit, OciMount } from '@hako/protocols';

import type { ShareRequest } from '../../share/file-share.ts';
import type { HostFiles } from './host-files.ts';
import type { WireStorage } from './wire-storage.ts';

/**
 * How a mount reaches the container. Disks are not among them: they have been taken out before, see `devices/`.
 *
 * | kind | what becomes of it |
 * |---|---|
 * | `guest` | left alone: the guest mounts it |
 * | `ignored` | left out: nothing of it can reach the guest |
 * | `shm` | the shared memory of the sandbox |
 * | `ephemeral` | a tmpfs of the sandbox |
 * | `hugepages` | huge pages of the guest |
 * | `local` | a directory of the guest |
 * | `watchable` | shared, and copied again by the agent when it changes, so that inotify works on it |
 * | `shared` | shared as files |
 */
export type MountKind =
  'guest' | 'ignored' | 'shm' | 'ephemeral' | 'hugepages' | 'local' | 'watchable' | 'shared';

/** What has to happen for one mount. */
export interface PlannedMount {
  readonly kind: MountKind;
  /** As the container's specification has it, with the source as the guest names it. Absent: left out. */
  readonly mount?: OciMount;
  /** What is shared for it. */
  readonly share?: ShareRequest;
  /** What the agent prepares for it. */
  readonly storage?: WireStorage;
}

/** What a mount is planned in. */
export interface MountSurroundings {
  readonly containerId: string;
  /** Against which relative sources are read; default: none may be relative. */
  readonly bundle?: string;
  /** Whether the container only holds a pod's namespaces, as Kubernetes has it. Its mounts get no special treatment. */
  readonly isSandboxContainer: boolean;
  /** Whether the sandbox has shared memory of its own. */
  readonly hasShm: boolean;
  /** Where Kubernetes' `emptyDir` volumes on disk are: shared from the host, or directories of the guest. */
  readonly emptyDirs: 'host' | 'guest';
  /** Limits of the container, by page size. */
  readonly hugepageLimits: readonly OciHugepageLimit[];
  /** Whether files reach the guest as copies: no sockets, pipes and devices then, and nothing the agent could watch. */
  readonly copiesFiles: boolean;
  readonly files: HostFiles;
}

/** A mount with a source, found on the host. */
export interface SourcedMount extends OciMount {
  /** Absolute, symbolic links resolved. */
  readonly source: string;
  readonly options: string[];
}
