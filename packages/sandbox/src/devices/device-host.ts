// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';

import type { DevicePlugging, PluggableDevice } from '@hako/hypervisor';

import type { ContainerOptions } from '../container/container-options.ts';
import { isDirectory } from '../image/image-cache.ts';
import type { ContainerAgent } from '../process/guest-agent.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { SandboxConfig } from '../sandbox-options.ts';
import { blockFileOption } from './block-file-option.ts';
import { noDevices, type ContainerDevices } from './container-devices.ts';
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
  readonly vm: Pick<DevicePlugging, 'plug' | 'unplug' | 'pluggedDevices'>;
}

/** The devices of a sandbox that this process owns. Costs nothing until a container has a device. */
export class OwnedDevices implements DeviceHost {
  readonly #parts: SandboxDevicesParts & Pick<OwnedDevicesParts, 'vm'>;
  readonly #running = Promise.withResolvers<undefined>();
  #devices: Promise<SandboxDevices> | undefined;

  /** @param sandbox what it is made of */
  constructor({ config, vm, logger }: OwnedDevicesParts) {
    const { id, cacheDirectory, options } = config;
    const { devices = {}, rootfs = 'shared' } = options;
    this.#parts = { sandboxId: id, vm, logger, cacheDirectory, settings: devices, rootfs };
  }

  get machineRuns(): Promise<void> {
    return this.#running.promise;
  }

  /** The machine takes devices from now on. */
  begin(): void {
    this.#running.resolve(undefined);
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
    if (!this.#parts.vm.pluggedDevices.some(({ device }) => isWritableDisk(device))) return;
    await Promise.allSettled(
      [...containerIds].map((containerId) =>
        agent.removeContainer({ containerId }, { timeoutMs: settleTimeoutMs }),
      ),
    );
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

function isWritableDisk(device: PluggableDevice): boolean {
  return (device.kind === 'block' && !device.readOnly) || device.kind === 'vhost-user-blk';
}
