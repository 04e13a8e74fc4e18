// SPDX-License-Identifier: Apache-2.0
import type { OciMount } from '@hako/protocols';

import { SandboxError } from '../../sandbox-error.ts';
import type { ShareRequest } from '../../share/file-share.ts';
import type { CheckedVolume } from '../container-options.ts';
import { checkMount, type ContainerMount } from './container-mount.ts';
import { mountName } from './mount-name.ts';
import { mountPlace } from './mount-place.ts';
import { planContainerMount } from './plan-container-mount.ts';
import { planMount } from './plan-mount.ts';
import type { MountKind, MountSurroundings, PlannedMount } from './planned-mount.ts';
import { planShared } from './shared-mount.ts';
import { shmDestination } from './shm-mount.ts';
import type { WireStorage } from './wire-storage.ts';

/** All mounts of a container. */
export interface MountPlan {
  /** In the order of the container's mounts. */
  readonly mounts: readonly PlannedMount[];
  /** What has to be shared. */
  readonly shares: readonly ShareRequest[];
  /** What the agent prepares, in the order of the protocol; volumes that are plugged come after it. */
  readonly storages: readonly WireStorage[];
}

/** The mounts a container is to have. */
export interface WantedMounts {
  /** Of the bundle, or the usual ones. */
  readonly own: readonly OciMount[];
  /** What the caller adds of the host's files. They take the place of own ones at the same destination. */
  readonly volumes: readonly CheckedVolume[];
  /** What the caller adds of the guest's. They do too. */
  readonly mounts: readonly ContainerMount[];
}

/** The order of the storages of a request; what is not here has none. */
const storageOrder: readonly MountKind[] = ['watchable', 'ephemeral', 'hugepages', 'local'];

/**
 * Plans all mounts of a container; changes nothing. Errors: `invalid_options`, and as {@link planMount}.
 * @param wanted what there is to be
 * @param around what they are planned in
 */
export async function planMounts(wanted: WantedMounts, around: MountSurroundings): Promise<MountPlan> {
  const { containerId } = around;
  const added = [...wanted.volumes, ...wanted.mounts.map(checkMount)].toSorted(
    (one, other) => depth(one.destination) - depth(other.destination),
  );
  const places = added.map(({ destination }) => mountPlace(destination));
  const twice = places.find((path, index) => places.indexOf(path) !== index);
  if (twice !== undefined)
    throw new SandboxError('invalid_options', `two mounts are for ${twice}`, { remedy: 'leave one out' });

  const own = wanted.own.filter(({ destination }) => !places.includes(mountPlace(destination)));
  const mounts = [
    ...(await Promise.all(own.map((mount, index) => planMount(mount, index, around)))),
    ...(await Promise.all(
      added.map(async (mount, offset) => {
        const index = own.length + offset;
        if ('type' in mount) return planContainerMount(mount, containerId, index);
        const { source, destination, readOnly } = mount;
        const options = ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'];
        return planVolume({ destination, type: 'bind', source, options }, index, around);
      }),
    )),
  ];
  return {
    mounts,
    shares: mounts.flatMap(({ share }) => share ?? []),
    storages: storageOrder.flatMap((kind) =>
      mounts.flatMap((planned) => (planned.kind === kind ? (planned.storage ?? []) : [])),
    ),
  };
}

/** The caller's word counts: what he wants at `/dev/shm` is not replaced by the shared memory of the sandbox. */
function planVolume(
  mount: OciMount & { readonly source: string; readonly options: string[] },
  index: number,
  around: MountSurroundings,
): Promise<PlannedMount> {
  if (mountPlace(mount.destination) !== shmDestination) return planMount(mount, index, around);
  return Promise.resolve(planShared(mount, mountName(around.containerId, mount.destination, index)));
}

/** What lies below another mount has to come after it. */
function depth(destination: string): number {
  return mountPlace(destination).split('/').length;
}
