// SPDX-License-Identifier: Apache-2.0
import { DeviceManager, vmReceiver, type PluggingVm } from '@hako/device-manager';

import type { ContainerOptions } from '../container/container-options.ts';
import type { Logger } from '../logger.ts';
import { AttachedDevices } from './attached-devices.ts';
import type { ContainerDevices } from './container-devices.ts';
import type { DeviceSettings, RootfsKind } from './device-options.ts';
import { defaultDirectVolumes } from './direct-volume/descriptor-place.ts';
import { forgetVolumeUser, noteVolumeUser } from './direct-volume/volume-users.ts';
import { planDevices } from './plan-devices.ts';
import { SharedDevices } from './shared-devices.ts';
import { VolumeMounts } from './volume-mounts.ts';

/** What the devices of a sandbox are made of. */
export interface SandboxDevicesParts {
  readonly sandboxId: string;
  readonly vm: PluggingVm;
  readonly settings: DeviceSettings;
  /** For containers that do not say. */
  readonly rootfs: RootfsKind;
  /** Where images of root file systems are kept. */
  readonly cacheDirectory: string;
  readonly logger: Logger;
}

/** Disks of the boot are not counted among those that containers share; the guest's root image has the first name. */
const reservedBlockIndexes = [0];

/** The devices of a sandbox's containers: one device manager over its machine. */
export class SandboxDevices {
  readonly #parts: SandboxDevicesParts;
  readonly #manager: DeviceManager;
  readonly #shared: SharedDevices;
  readonly #mounts = new VolumeMounts();
  readonly #volumeUsers = new Map<string, number>();

  constructor(parts: SandboxDevicesParts) {
    this.#parts = parts;
    const { vm, settings, logger } = parts;
    const { aio, direct, noFlush, vfioMode, vhostUserStore, vhostUserReconnectSeconds } = settings;
    this.#manager = new DeviceManager(
      {
        receiver: vmReceiver(vm, {
          ...(aio === undefined ? {} : { aio }),
          ...(direct === undefined ? {} : { direct }),
          ...(noFlush === undefined ? {} : { noFlush }),
        }),
        logger,
      },
      {
        blockDriver: settings.blockDriver ?? 'virtio-blk',
        reservedBlockIndexes,
        ...(vfioMode === undefined ? {} : { vfioMode }),
        ...(vhostUserReconnectSeconds === undefined ? {} : { vhostUserReconnectSeconds }),
        ...(vhostUserStore === undefined ? {} : { roots: { vhostUserStore } }),
      },
    );
    this.#shared = new SharedDevices(this.#manager, logger);
  }

  /**
   * Plans the devices of a container; attaches nothing yet. Error: `invalid_options`, `tool_missing`, `tool_failed`.
   * @param containerId the container
   * @param options its wishes
   */
  async open(containerId: string, options: ContainerOptions): Promise<ContainerDevices> {
    const { settings, rootfs, cacheDirectory, sandboxId } = this.#parts;
    const { image, signal } = options;
    const directVolumes = settings.directVolumes ?? defaultDirectVolumes;
    const plan = await planDevices(options, settings);
    const isBlockRoot = (options.rootfs ?? rootfs) === 'block';
    return new AttachedDevices({
      ...{ containerId, plan, shared: this.#shared, messages: this.#manager, mounts: this.#mounts },
      rootImage: isBlockRoot ? underWay(rootImage(image, cacheDirectory, signal)) : undefined,
      isReadOnlyRoot: image.readOnly,
      note: async (volumePath, { guestPath }) => {
        this.#volumeUsers.set(volumePath, (this.#volumeUsers.get(volumePath) ?? 0) + 1);
        await noteVolumeUser(volumePath, { sandboxId, guestPath }, directVolumes);
      },
      forget: async (volumePath) => {
        const left = (this.#volumeUsers.get(volumePath) ?? 1) - 1;
        this.#volumeUsers.set(volumePath, left);
        if (left === 0) await forgetVolumeUser(volumePath, sandboxId, directVolumes);
      },
    });
  }
}

async function rootImage(
  image: ContainerOptions['image'],
  cacheDirectory: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { erofsImage } = await import('./erofs-image.ts');
  return erofsImage(image, { cacheDirectory, signal });
}

/** What fails before anybody waits for it is told to the one who waits later. */
function underWay<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
