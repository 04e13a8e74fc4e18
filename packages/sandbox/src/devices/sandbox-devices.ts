// SPDX-License-Identifier: Apache-2.0
import { DeviceManager, vmReceiver, type DeviceState, type PluggingVm } from '@hako/device-manager';

import type { ContainerOptions } from '../container/container-options.ts';
import type { Logger } from '../logger.ts';
import { AttachedDevices } from './attached-devices.ts';
import type { ContainerDevices } from './container-devices.ts';
import { reconcile, type DeviceBooks } from './device-books.ts';
import type { DeviceSettings, RootfsKind } from './device-options.ts';
import { defaultDirectVolumes } from './direct-volume/descriptor-place.ts';
import { forgetVolumeUser, noteVolumeUser } from './direct-volume/volume-users.ts';
import { HeldDevices } from './held-devices.ts';
import { planDevices } from './plan-devices.ts';
import { SharedDevices, unplugTimeoutMs } from './shared-devices.ts';
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
  /** Called before a direct-assigned volume is noted. */
  readonly onVolume: () => Promise<void>;
  /** Writes down what the next owner has to know. Must not reject. Default: there will be none. */
  readonly note?: ((books: DeviceBooks) => Promise<void>) | undefined;
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
  readonly #held = new Map<string, HeldDevices>();

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
    const { settings, rootfs, cacheDirectory } = this.#parts;
    const { image, signal } = options;
    const plan = await planDevices(options, settings);
    const isBlockRoot = (options.rootfs ?? rootfs) === 'block';
    const held = this.#holder(containerId);
    return new AttachedDevices({
      ...{ containerId, plan, held, messages: this.#manager },
      rootImage: isBlockRoot ? underWay(rootImage(image, cacheDirectory, signal)) : undefined,
      isReadOnlyRoot: image.readOnly,
      onChange: () => {
        this.#held.set(containerId, held);
        return this.#noteBooks();
      },
    });
  }

  /**
   * Goes on with what a dead owner has left in the machine: what its containers have stays theirs, the rest is taken out in the
   * background. To be called once, before anything is opened. Error: `invalid_state` of the device manager.
   * @param books as that owner has written them
   * @param plugged names of the devices that are in the machine
   */
  async takeUp(books: DeviceBooks, plugged: readonly string[]): Promise<void> {
    const { devices, containers, strays, unknown } = reconcile(books, plugged);
    this.#manager.loadDevices(devices);
    for (const record of containers) {
      const held = this.#holder(record.containerId);
      held.restore(record, (id) => this.#manager.getDeviceById(id));
      this.#held.set(record.containerId, held);
      for (const path of record.volumes) this.#countVolume(path, 1);
    }
    await this.#noteBooks();
    void this.#shared.takeOut(strays).then(() => this.#noteBooks());
    for (const id of unknown) void this.#unplug(id);
  }

  /**
   * Gives back what a container of a former owner has; nothing if it has nothing. Errors: `device_failed`, `timeout`.
   * @param containerId the container
   */
  async detach(containerId: string): Promise<void> {
    try {
      await this.#held.get(containerId)?.giveBack();
    } finally {
      await this.#noteBooks();
    }
  }

  #holder(containerId: string): HeldDevices {
    const { sandboxId, settings, onVolume } = this.#parts;
    const { directVolumes = defaultDirectVolumes } = settings;
    return new HeldDevices({
      ...{ containerId, shared: this.#shared, mounts: this.#mounts },
      note: async (volumePath, { guestPath }) => {
        this.#countVolume(volumePath, 1);
        await onVolume();
        await noteVolumeUser(volumePath, { sandboxId, guestPath }, directVolumes);
      },
      forget: async (volumePath) => {
        if (this.#countVolume(volumePath, -1) === 0)
          await forgetVolumeUser(volumePath, sandboxId, directVolumes);
      },
    });
  }

  #countVolume(path: string, change: 1 | -1): number {
    const users = (this.#volumeUsers.get(path) ?? 0) + change;
    this.#volumeUsers.set(path, users);
    return users;
  }

  async #noteBooks(): Promise<void> {
    for (const [id, { isEmpty }] of this.#held) if (isEmpty) this.#held.delete(id);
    await this.#parts.note?.(booksOf(this.#manager.save(), [...this.#held.values()]));
  }

  async #unplug(id: string): Promise<void> {
    const { vm, logger } = this.#parts;
    await vm.unplug(id, { timeoutMs: unplugTimeoutMs }).catch((error: unknown) => {
      logger.warn({ error, device: id }, 'the guest still holds a device that is in no book');
    });
  }
}

function booksOf(devices: readonly DeviceState[], held: readonly HeldDevices[]): DeviceBooks {
  return {
    devices: devices.map(({ id, kind, origin, plugged }) => ({ id, kind, origin, plugged })),
    containers: held.map(({ record }) => record),
  };
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
