// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from 'node:path';

import type { OciDevice, OciMount } from '@hako/protocols';

import type { ContainerOptions, Volume } from '../container/container-options.ts';
import { isBind } from '../container/mounts/bind-mount.ts';
import { mountPlace } from '../container/mounts/mount-place.ts';
import { SandboxError } from '../sandbox-error.ts';
import { blockFileOption } from './block-file-option.ts';
import { checkBlockVolume, checkHostDevice, isVfio } from './check-disk.ts';
import type { BlockVolume, DeviceSettings, HostDevice } from './device-options.ts';
import type { DevicePlan, PlannedNode, PlannedVolume } from './device-plan.ts';
import { defaultDirectVolumes } from './direct-volume/descriptor-place.ts';
import { readDirectVolume } from './direct-volume/descriptor.ts';
import { toBlockVolume } from './direct-volume/to-block-volume.ts';
import { readHostNode, type HostNode } from './host-node.ts';
import { planBundleDevices, vfioInfo } from './plan-bundle-devices.ts';

const bindOptions = [
  'bind',
  'rbind',
  'ro',
  'rw',
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
];

/** The wishes that a plan is made of. */
export type DeviceWishes = Pick<ContainerOptions, 'image' | 'devices' | 'blockVolumes' | 'volumes'>;

/**
 * Sorts what a container shall have: disks and devices from everything else. Looks at the host and changes nothing. Error:
 * `invalid_options`.
 * @param wishes as the caller and the bundle have them
 * @param settings the sandbox's
 */
export async function planDevices(wishes: DeviceWishes, settings: DeviceSettings): Promise<DevicePlan> {
  const { image, devices = [], blockVolumes = [], volumes = [] } = wishes;
  const planner = new Planner(settings);
  const otherMounts: OciMount[] = [];
  const otherVolumes: Volume[] = [];
  for (const mount of image.spec?.mounts ?? []) {
    if (!(await planner.takeMount(mount))) otherMounts.push(mount);
  }
  for (const volume of volumes) {
    if (!(await planner.takeVolume(volume))) otherVolumes.push(volume);
  }
  for (const volume of blockVolumes) await planner.addVolume(volume);
  const bundle = await planBundleDevices(image.spec?.linux?.devices ?? [], settings);
  for (const device of devices) await planner.addDevice(device);
  const nodes = [...bundle.nodes, ...planner.nodes].map((planned) => placed(planned, settings));
  const fixedNodes = [...bundle.fixedNodes, ...planner.fixedNodes];
  const plan = { volumes: planner.volumes, nodes, fixedNodes, otherMounts, otherVolumes };
  refuseDuplicates(plan);
  return plan;
}

class Planner {
  readonly volumes: PlannedVolume[] = [];
  readonly nodes: PlannedNode[] = [];
  readonly fixedNodes: OciDevice[] = [];
  readonly #settings: DeviceSettings;
  readonly #directVolumes: string;
  readonly #takesMounts: boolean;

  constructor(settings: DeviceSettings) {
    const { directVolumes = defaultDirectVolumes, disableBlockDevices = false } = settings;
    this.#settings = settings;
    this.#directVolumes = directVolumes;
    this.#takesMounts = !disableBlockDevices;
  }

  /** @returns whether the mount is a disk */
  async takeMount({ source, destination, type, options = [] }: OciMount): Promise<boolean> {
    if (!this.#takesMounts || source === undefined || !isAbsolute(source)) return false;
    const readOnly = options.includes('ro');
    if (options.includes(blockFileOption)) {
      const own = options.filter((option) => option !== blockFileOption && !bindOptions.includes(option));
      await this.addVolume({ source, destination, fstype: type ?? '', readOnly, options: own });
      return true;
    }
    if (!isBind({ type, options })) return false;
    if (await this.#takeDirectVolume(source, { destination, readOnly })) return true;
    const node = await readHostNode('mount source', source).catch(() => undefined);
    if (node?.kind !== 'block') return false;
    await this.addDevice({ path: source, containerPath: destination, readOnly });
    return true;
  }

  /** @returns whether the volume is a disk */
  async takeVolume({ source, destination, readOnly = false }: Volume): Promise<boolean> {
    if (this.#takesMounts && (await this.#takeDirectVolume(source, { destination, readOnly }))) return true;
    const node = await readHostNode('volume source', source).catch(() => undefined);
    if (node?.kind !== 'block') return false;
    throw new SandboxError('invalid_options', `volume source ${source} is a block device`, {
      remedy: 'give it as a device, or as a block volume with its file system',
    });
  }

  async addVolume(volume: BlockVolume, volumePath?: string): Promise<void> {
    const node = await checkBlockVolume(volume);
    const { destination, readOnly = false, discard = false } = volume;
    const info = { ...diskInfo(node, destination, readOnly), discardUnmap: discard };
    this.volumes.push({ info, volume, ...(volumePath === undefined ? {} : { volumePath }) });
  }

  async addDevice(device: HostDevice): Promise<void> {
    const node = await checkHostDevice(device);
    const { path, containerPath = path, readOnly = false } = device;
    const { kind, major, minor, mode: fileMode, uid, gid } = node;
    if (kind === 'block') {
      const info = diskInfo(node, containerPath, readOnly);
      this.nodes.push({ info, node: { path: containerPath, type: 'b', major, minor, fileMode, uid, gid } });
      return;
    }
    const oci = { path: containerPath, type: 'c', major, minor, fileMode, uid, gid } as const;
    if (isVfio(node.path)) {
      this.nodes.push({ info: vfioInfo({ containerPath, major, minor }, this.#settings), node: oci });
    } else this.fixedNodes.push(oci);
  }

  async #takeDirectVolume(
    source: string,
    bind: { readonly destination: string; readonly readOnly: boolean },
  ): Promise<boolean> {
    const direct = await readDirectVolume(source, this.#directVolumes);
    if (direct === undefined) return false;
    await this.addVolume(toBlockVolume(direct, bind), source);
    return true;
  }
}

/** A device that the guest's kernel drives has no node of its own. */
function placed({ info, node }: PlannedNode, { vfioMode = 'guest-kernel' }: DeviceSettings): PlannedNode {
  const hasNode = node !== undefined && (info.port === undefined || vfioMode === 'vfio');
  return hasNode ? { info, node } : { info };
}

function diskInfo({ path, major, minor }: HostNode, containerPath: string, readOnly: boolean) {
  return {
    containerPath,
    type: 'b',
    major,
    minor,
    hostPath: path,
    readOnly,
  } as const;
}

function refuseDuplicates({ volumes, nodes }: Pick<DevicePlan, 'volumes' | 'nodes'>): void {
  const seen = new Set<string>();
  for (const path of [
    ...volumes.map(({ volume }) => volume.destination),
    ...nodes.map(({ info }) => info.containerPath),
  ]) {
    const place = mountPlace(path);
    if (seen.has(place)) {
      throw new SandboxError('invalid_options', `the container is to have two devices at ${place}`, {
        remedy: 'give them different paths in the container',
      });
    }
    seen.add(place);
  }
}
