// SPDX-License-Identifier: Apache-2.0
import type { OciMount, OciSpec } from '@hako/protocols';
import type { CreateContainerRequest, DeepPartial } from '@hako/protocols/agent';

import type { Volume } from '../container/container-options.ts';
import type { StorageMessage } from './volume-storage.ts';

/** What devices add to the request that creates a container. */
export interface DeviceParts {
  readonly devices: NonNullable<DeepPartial<CreateContainerRequest>['devices']>;
  /** Storages of the root file system; absent when it is shared. */
  readonly rootStorages?: readonly StorageMessage[];
  /** Storages of block volumes, which come last. */
  readonly storages: readonly StorageMessage[];
  /** Puts nodes, mounts and root into a specification. */
  edit(spec: OciSpec): OciSpec;
}

/** The devices of one container, from its wishes to the last of them unplugged. */
export interface ContainerDevices {
  /** Mounts of the bundle that are no disks, for others to plan. */
  readonly mounts: readonly OciMount[];
  /** Volumes that are no disks, for others to share. */
  readonly volumes: readonly Volume[];
  /** Whether there is anything to attach. */
  readonly hasAny: boolean;
  /** Whether its root file system is a disk, so that it need not be shared. */
  readonly hasBlockRoot: boolean;
  /**
   * Attaches everything; the machine runs. What fails is taken back by {@link ContainerDevices.detach}. Errors:
   * `device_failed`, `invalid_options`, `tool_missing`, `tool_failed`, `aborted`, `timeout`.
   * @param signal ends the wait
   */
  attach(signal: AbortSignal): Promise<DeviceParts>;
  /** Gives back what {@link ContainerDevices.attach} has attached, once. Errors: `device_failed`, `timeout`. */
  detach(): Promise<void>;
}

/**
 * The devices of a container that has none.
 * @param image its image, with the mounts of its bundle
 * @param volumes what it shares
 */
export function noDevices(
  image: { readonly spec?: OciSpec },
  volumes: readonly Volume[] = [],
): ContainerDevices {
  return {
    mounts: image.spec?.mounts ?? [],
    volumes,
    hasAny: false,
    hasBlockRoot: false,
    attach: () => Promise.resolve({ devices: [], storages: [], edit: (spec) => spec }),
    detach: () => Promise.resolve(),
  };
}
