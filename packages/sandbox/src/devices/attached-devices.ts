// SPDX-License-Identifier: Apache-2.0
import type { DeviceManager } from '@hako/device-manager';
import { guestBundlePath, type OciDevice, type OciMount, type OciSpec } from '@hako/protocols';

import { SandboxError } from '../sandbox-error.ts';
import type { ContainerDevices, DeviceParts } from './container-devices.ts';
import type { DevicePlan, PlannedVolume } from './device-plan.ts';
import type { HeldDevices } from './held-devices.ts';
import { insertMounts } from './insert-mounts.ts';
import { diskAddress, volumeStorage, type StorageMessage } from './volume-storage.ts';

/** Door to all VFIO groups; a program that drives a device opens it too. Source: admin-guide/devices.txt of the kernel. */
const vfioDoor: OciDevice = { path: '/dev/vfio/vfio', type: 'c', major: 10, minor: 196 };

/** What the devices of one container are made of. */
export interface AttachedDevicesParts {
  readonly containerId: string;
  readonly plan: DevicePlan;
  /** File that holds the root file system, under way; absent when it is shared. */
  readonly rootImage: Promise<string> | undefined;
  /** Whether the container sees its root read-only. */
  readonly isReadOnlyRoot: boolean;
  readonly held: HeldDevices;
  readonly messages: Pick<DeviceManager, 'agentDevices'>;
  /** Called when it has other devices than before, all or none. Must not reject. */
  onChange(): Promise<void>;
}

/** The devices of a container that has some. */
export class AttachedDevices implements ContainerDevices {
  readonly mounts: readonly OciMount[];
  readonly volumes: DevicePlan['otherVolumes'];
  readonly hasAny = true;
  readonly hasBlockRoot: boolean;
  readonly #parts: AttachedDevicesParts;
  #isGivenUp = false;
  #attaching: Promise<unknown> = Promise.resolve();

  constructor(parts: AttachedDevicesParts) {
    this.#parts = parts;
    this.mounts = parts.plan.otherMounts;
    this.volumes = parts.plan.otherVolumes;
    this.hasBlockRoot = parts.rootImage !== undefined;
  }

  async attach(signal: AbortSignal): Promise<DeviceParts> {
    // What has waited for the machine may come when nobody would detach it any more.
    if (this.#isGivenUp) throw new SandboxError('aborted', 'attachment of devices aborted');
    const attaching = this.#attach(signal).finally(() => this.#parts.onChange());
    this.#attaching = attaching.catch(() => undefined);
    return attaching;
  }

  async detach(): Promise<void> {
    this.#isGivenUp = true;
    await this.#attaching;
    try {
      await this.#parts.held.giveBack();
    } finally {
      await this.#parts.onChange();
    }
  }

  async #attach(signal: AbortSignal): Promise<DeviceParts> {
    const { plan, messages, held } = this.#parts;
    const root = await this.#attachRoot(signal);
    const volumes: ReturnType<typeof volumeStorage>[] = [];
    for (const planned of plan.volumes) volumes.push(await this.#attachVolume(planned, signal));
    const attached: { readonly id: string; readonly containerPath: string }[] = [];
    for (const { info } of plan.nodes) {
      const { id } = await held.acquire(info, { signal, mayBeWritable: false });
      attached.push({ id, containerPath: info.containerPath });
    }
    return {
      devices: messages.agentDevices(attached),
      ...(root === undefined ? {} : { rootStorages: root.storages }),
      storages: volumes.map(({ storage }) => storage),
      edit: (spec) =>
        this.#edit(
          root === undefined ? spec : { ...spec, root: { ...spec.root, path: root.path } },
          volumes.map(({ mount }) => mount),
        ),
    };
  }

  /** The image is a disk that all containers with it share; what one writes goes to an overlay in the guest's memory. */
  async #attachRoot(
    signal: AbortSignal,
  ): Promise<{ readonly path: string; readonly storages: readonly StorageMessage[] } | undefined> {
    const { rootImage, containerId, isReadOnlyRoot, held } = this.#parts;
    if (rootImage === undefined) return undefined;
    const hostPath = await rootImage;
    const device = await held.acquire(
      { containerPath: hostPath, type: 'b', major: -1, minor: 0, hostPath, readOnly: true },
      { signal, mayBeWritable: false },
    );
    const { driver, source, mountPoint } = diskAddress(device);
    const image: StorageMessage = { driver, source, fstype: 'erofs', options: ['ro'], mountPoint };
    if (isReadOnlyRoot) return { path: mountPoint, storages: [image] };
    const path = `${guestBundlePath(containerId)}/rootfs`;
    const overlay: StorageMessage = {
      driver: 'overlayfs',
      source: 'overlay',
      fstype: 'overlay',
      options: ['io.katacontainers.fs-opt.overlay-rw', `lowerdir=${mountPoint}`],
      mountPoint: path,
    };
    return { path, storages: [image, overlay] };
  }

  async #attachVolume(
    { info, volume, volumePath }: PlannedVolume,
    signal: AbortSignal,
  ): Promise<ReturnType<typeof volumeStorage>> {
    const { held } = this.#parts;
    const device = await held.acquire(info, { signal, mayBeWritable: true });
    held.claim(device, volume);
    const planned = volumeStorage(volume, device);
    if (volumePath !== undefined)
      await held.note(volumePath, { guestPath: planned.storage.mountPoint ?? '' });
    return planned;
  }

  #edit(spec: OciSpec, mounts: readonly OciMount[]): OciSpec {
    const { nodes, fixedNodes } = this.#parts.plan;
    const hasDriver = nodes.some(({ info, node }) => info.port !== undefined && node !== undefined);
    const hasDoor = fixedNodes.some(({ path }) => path === vfioDoor.path);
    return {
      ...spec,
      mounts: insertMounts(spec.mounts ?? [], mounts),
      linux: {
        ...spec.linux,
        devices: [
          ...fixedNodes,
          ...nodes.flatMap(({ node }) => (node === undefined ? [] : [node])),
          ...(hasDriver && !hasDoor ? [vfioDoor] : []),
        ],
      },
    };
  }
}
