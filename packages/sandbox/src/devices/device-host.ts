// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';

import type { DevicePlugging, PluggableDevice } from '@hako/hypervisor';

import type { ContainerOptions } from '../container/container-options.ts';
import { isDirectory } from '../image/image-cache.ts';
import type { ContainerAgent } from '../process/guest-agent.ts';
import { isSwapDisk } from '../resources/swap/swap-name.ts';
import type { SurvivalLedger } from '../run/survival-ledger.ts';
import type { SurvivalRecord } from '../run/survival-record.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { SandboxConfig } from '../sandbox-options.ts';
import { blockFileOption } from './block-file-option.ts';
import { noDevices, type ContainerDevices } from './container-devices.ts';
import { isContainerDevice, type DeviceBooks } from './device-books.ts';
import { defaultDirectVolumes, descriptorDirectory } from './direct-volume/descriptor-place.ts';
import type { DeviceSettings } from './device-options.ts';
import type { DeviceWishes } from './plan-devices.ts';
import type { SandboxDevices, SandboxDevicesParts } from './sandbox-devices.ts';

/** Gives containers their devices. */
export interface DeviceHost {
  /** Settles when the machine takes devices, which is before its agent has made the sandbox. Never rejects. */
  readonly machineRuns: Promise<void>;
  /**
   * Plans the devices of a container. Error: `invalid_options`.
   * @param containerId the container
   * @param options its wishes
   */
  open(containerId: string, options: ContainerOptions): Promise<ContainerDevices>;
}

/** The removal of a container that has disks to write to may take so long. */
const settleTimeoutMs = 10_000;

/** The sandbox that {@link OwnedDevices} are of. */
export interface OwnedDevicesParts extends Pick<SandboxDevicesParts, 'logger'> {
  readonly config: SandboxConfig;
  readonly vm: Pick<DevicePlugging, 'plug' | 'unplug' | 'resizeBlock' | 'pluggedDevices'>;
  readonly runDirectory: { readonly path: string };
  /** Absent from a sandbox that ends with its owner. */
  readonly ledger?: Pick<SurvivalLedger, 'noteDevices'>;
  /** What a former owner has left, if there was one. */
  readonly adopted?: { readonly survival: Pick<SurvivalRecord, 'devices'> };
}

/** The devices of a sandbox that this process owns. Costs nothing until a container has a device. */
export class OwnedDevices implements DeviceHost {
  readonly #parts: SandboxDevicesParts & Pick<OwnedDevicesParts, 'vm'>;
  readonly #running = Promise.withResolvers<undefined>();
  readonly #directory: string;
  readonly #left: DeviceBooks;
  #devices: Promise<SandboxDevices> | undefined;
  #service: Promise<AsyncDisposable> | undefined;

  /** @param sandbox what it is made of */
  constructor({ config, vm, logger, runDirectory, ledger, adopted }: OwnedDevicesParts) {
    const { id, cacheDirectory, options } = config;
    const { devices = {}, rootfs = 'shared' } = options;
    this.#directory = runDirectory.path;
    this.#left = adopted?.survival.devices ?? { devices: [], containers: [] };
    this.#parts = {
      ...{ sandboxId: id, vm, logger, cacheDirectory, settings: devices, rootfs },
      onVolume: () => this.#serve(),
      note: ledger && ((books) => ledger.noteDevices(books)),
    };
  }

  get machineRuns(): Promise<void> {
    return this.#running.promise;
  }

  /** The machine takes devices from now on. */
  begin(): void {
    this.#running.resolve(undefined);
  }

  /** Goes on with what a dead owner has left in the machine. */
  async takeUp(): Promise<void> {
    const plugged = this.#parts.vm.pluggedDevices.map(({ device: { id } }) => id);
    if (this.#left.devices.length > 0 || plugged.some(isContainerDevice))
      await (await this.#load()).takeUp(this.#left, plugged);
    if (this.#hasWritableDisk()) await this.#serve();
  }

  /**
   * Gives back what a container of a former owner has. Errors: `device_failed`, `timeout`.
   * @param containerId the container
   */
  async detach(containerId: string): Promise<void> {
    await (await this.#devices)?.detach(containerId);
  }

  async open(containerId: string, options: ContainerOptions): Promise<ContainerDevices> {
    const { settings, rootfs } = this.#parts;
    const isShared = (options.rootfs ?? rootfs) === 'shared';
    if (isShared && !(await mayHaveDevices(options, settings)))
      return noDevices(options.image, options.volumes);
    const devices = await this.#load();
    return devices.open(containerId, options);
  }

  /**
   * Lets the guest write out what it has for disks, by removing its containers. The machine is about to end.
   * @param agent the guest's
   * @param containerIds its containers
   */
  async settle(
    agent: Pick<ContainerAgent, 'removeContainer'>,
    containerIds: Iterable<string>,
  ): Promise<void> {
    // Those of a former owner too: what is in the machine counts, not what this process has plugged.
    if (!this.#hasWritableDisk()) return;
    await Promise.allSettled(
      [...containerIds].map((containerId) =>
        agent.removeContainer({ containerId }, { timeoutMs: settleTimeoutMs }),
      ),
    );
  }

  /** Other processes find nobody any more. Idempotent. */
  async close(): Promise<void> {
    const service = await this.#service?.catch(() => undefined);
    await service?.[Symbol.asyncDispose]();
  }

  #hasWritableDisk(): boolean {
    return this.#parts.vm.pluggedDevices.some(({ device }) => isWritableDisk(device));
  }

  /** Lets other processes have disks made larger, from the first volume on. */
  async #serve(): Promise<void> {
    this.#service ??= import('./disk-service.ts').then(({ serveDisks }) =>
      serveDisks(this.#parts.vm, this.#directory),
    );
    await this.#service;
  }

  #load(): Promise<SandboxDevices> {
    this.#devices ??= import('./sandbox-devices.ts').then((module) => new module.SandboxDevices(this.#parts));
    return this.#devices;
  }
}

/**
 * Checks the devices and disks a container shall have, and those of its bundle, before there is a sandbox; looks at the host
 * and changes nothing. Error: `invalid_options`.
 * @param wishes as the container's options have them
 * @param settings as the sandbox's options have them
 */
export async function checkDevices(wishes: DeviceWishes, settings: DeviceSettings = {}): Promise<void> {
  if (!(await mayHaveDevices(wishes, settings))) return;
  const { planDevices } = await import('./plan-devices.ts');
  await planDevices(wishes, settings);
}

/** The devices of a sandbox that another process owns: only that one can plug something into the machine. */
export const foreignDevices: DeviceHost = {
  machineRuns: Promise.resolve(),
  async open(_containerId, options) {
    const { rootfs, devices = [], blockVolumes = [] } = options;
    const isNamed = rootfs === 'block' || devices.length + blockVolumes.length > 0;
    if (!isNamed && !(await mayHaveDevices(options, {}))) return noDevices(options.image, options.volumes);
    const { planDevices } = await import('./plan-devices.ts');
    const plan = await planDevices(options, {});
    if (!isNamed && plan.volumes.length + plan.nodes.length === 0)
      return noDevices(options.image, options.volumes);
    throw new SandboxError('invalid_options', 'only the process that owns the sandbox can plug devices', {
      remedy: 'leave devices, disks and a block root file system out, or run a sandbox of its own',
    });
  },
};

/** Whether a closer look is worth it: at words that name devices, and at sources that are disks or stand for some. */
async function mayHaveDevices(
  { image, devices = [], blockVolumes = [], volumes = [] }: DeviceWishes,
  { directVolumes = defaultDirectVolumes }: DeviceSettings,
): Promise<boolean> {
  const { mounts = [], linux } = image.spec ?? {};
  if (devices.length + blockVolumes.length + (linux?.devices?.length ?? 0) > 0) return true;
  if (mounts.some((mount) => mount.options?.includes(blockFileOption) === true)) return true;
  const sources = [...volumes, ...mounts].flatMap(({ source }) => (source === undefined ? [] : [source]));
  if (sources.length === 0) return false;
  const hasDirectVolumes = await isDirectory(directVolumes);
  const disks = await Promise.all(
    sources.map(
      async (source) =>
        (await stat(source).catch(() => undefined))?.isBlockDevice() === true ||
        (hasDirectVolumes && (await isDirectory(descriptorDirectory(source, directVolumes)))),
    ),
  );
  return disks.includes(true);
}

/** Whether what the guest writes to it is wanted afterwards. */
function isWritableDisk(device: PluggableDevice): boolean {
  if (device.kind === 'block') return !device.readOnly && !isSwapDisk(device.id);
  return device.kind === 'vhost-user-blk';
}
