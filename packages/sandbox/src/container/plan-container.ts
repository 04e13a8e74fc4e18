// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';

import type { ContainerDevices } from '../devices/container-devices.ts';
import { annotatedResources } from '../resources/swap/swap-annotations.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { ShareRequest } from '../share/file-share.ts';
import { defaultMounts } from '../spec/container-defaults.ts';
import { containerSpec } from '../spec/container-spec.ts';
import { resolveUser } from '../spec/container-user.ts';
import { sandboxAnnotations } from '../spec/sandbox-annotations.ts';
import { applyChoices } from '../spec/spec-choices.ts';
import { checkVolumes, type ContainerOptions } from './container-options.ts';
import { hostFiles } from './mounts/host-files.ts';
import { planMounts } from './mounts/mount-plan.ts';
import { resolverMounts } from './mounts/resolver-mount.ts';
import { rootfsShareName } from './mounts/rootfs-place.ts';
import type { WireStorage } from './mounts/wire-storage.ts';
import { sharedRoot } from './root-storage.ts';

/** What has to be known of a guest to plan a container in it. */
export interface GuestTraits {
  readonly hostname: string;
  /** Whether the guest has an `/etc/resolv.conf` of its own, for containers too. */
  readonly hasResolver: boolean;
  /** Whether its containers share one process namespace. */
  readonly sharesPidNamespace: boolean;
  /** Whether it has shared memory for all of them. Default true. */
  readonly hasShm?: boolean;
  /** Whether files of the host reach it as copies. Default false. */
  readonly copiesFiles?: boolean;
  /** Path of its network namespace on the host, if it has one. */
  readonly networkNamespace?: string;
}

/** All that is known of a container before anything is made for it. */
export interface ContainerPlan {
  /** With paths as the guest names them, and the host's hooks. */
  readonly spec: OciSpec;
  /** What has to be shared. */
  readonly shares: readonly ShareRequest[];
  /** Storages of a root file system that is shared. */
  readonly rootStorages: readonly WireStorage[];
  /** Storages of its mounts, which come after those of the root. */
  readonly storages: readonly WireStorage[];
}

/** By which annotation and value containerd names the container that only holds a pod's namespaces. */
const sandboxContainer = ['io.kubernetes.cri.container-type', 'sandbox'] as const;

/**
 * Plans a container; changes nothing. Error: `invalid_options`.
 * @param id the container
 * @param options what it shall be
 * @param traits the guest's
 * @param devices its devices, and which mounts and volumes they leave
 */
export async function planContainer(
  id: string,
  options: ContainerOptions,
  traits: GuestTraits,
  devices: Pick<ContainerDevices, 'mounts' | 'volumes' | 'hasBlockRoot'>,
): Promise<ContainerPlan> {
  const { image } = options;
  if (traits.copiesFiles === true && !devices.hasBlockRoot) {
    throw new SandboxError(
      'invalid_options',
      `${image.reference}: a root file system is not copied into a guest`,
      {
        remedy: 'make it a disk (`--rootfs block`)',
      },
    );
  }
  // A bundle's own user has groups that its text has no word for.
  const user =
    (options.user === undefined ? image.spec?.process?.user : undefined) ??
    (await resolveUser(options.user ?? image.user, image.rootfs));
  const [key, value] = sandboxContainer;
  const plan = await planMounts(
    {
      own: image.spec === undefined ? defaultMounts : devices.mounts,
      volumes: await checkVolumes(devices.volumes),
      mounts: options.mounts ?? [],
    },
    {
      containerId: id,
      ...(image.bundle === undefined ? {} : { bundle: image.bundle }),
      isSandboxContainer: image.spec?.annotations?.[key] === value,
      hasShm: traits.hasShm ?? true,
      emptyDirs: options.emptyDirs ?? 'host',
      hugepageLimits: image.spec?.linux?.resources?.hugepageLimits ?? [],
      copiesFiles: traits.copiesFiles ?? false,
      files: hostFiles,
    },
  );
  const mounts = plan.mounts.flatMap(({ mount }) => mount ?? []);
  const root = sharedRoot(id, image.readOnly);
  const spec = containerSpec({
    ...options,
    user,
    hostname: traits.hostname,
    rootPath: root.path,
    mounts: [...mounts, ...(traits.hasResolver ? resolverMounts(mounts) : [])],
  });
  const rootShare = { name: rootfsShareName(id), source: image.rootfs, readOnly: true };
  const annotations = sandboxAnnotations(spec.annotations ?? {}, traits.networkNamespace);
  const resources = annotatedResources(spec);
  const linux = resources === undefined ? spec.linux : { ...spec.linux, resources };
  return {
    spec: applyChoices({ ...spec, annotations, linux }, options),
    shares: [...(devices.hasBlockRoot ? [] : [rootShare]), ...plan.shares],
    rootStorages: root.storages,
    storages: plan.storages,
  };
}
