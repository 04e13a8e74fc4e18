// SPDX-License-Identifier: Apache-2.0
import type { DeviceState } from '@hako/device-manager';

/** What a container has of the devices of its sandbox. */
export interface HeldRecord {
  readonly containerId: string;
  /** Ids of the devices, each as often as it was acquired, in that order. */
  readonly devices: readonly string[];
  /** Disks whose file systems it sees, and how each is mounted. */
  readonly mounts: readonly { readonly device: string; readonly how: string }[];
  /** Directories of the host for which it has a direct-assigned volume. */
  readonly volumes: readonly string[];
}

/** The devices of a sandbox's containers, as the next owner has to know them; JSON data. */
export interface DeviceBooks {
  /** How often each is used is counted anew from {@link containers}. */
  readonly devices: readonly Omit<DeviceState, 'referenceCount' | 'attachCount'>[];
  readonly containers: readonly HeldRecord[];
}

/** {@link DeviceBooks} that agree with the machine. */
export interface ReconciledBooks {
  /** What is in the machine, each with at least one user. */
  readonly devices: readonly DeviceState[];
  readonly containers: readonly HeldRecord[];
  /** Ids of devices that no container has; each counts as used once, by whoever takes it out. */
  readonly strays: readonly string[];
  /** What is in the machine and in no book, by its name there. */
  readonly unknown: readonly string[];
}

/** Names that devices of containers have in a machine; disks of its boot, cards and memory have others. */
const containerDevice = /^(?:drive-|blk-|vfio-)[0-9a-f]{16}/;

/**
 * Tells whether a device of a machine is one of a container.
 * @param name its name in the machine
 */
export function isContainerDevice(name: string): boolean {
  return containerDevice.test(name);
}

/**
 * Makes the books of a dead owner agree with the machine: it may have died between a change and the note of it.
 * @param books as it has written them
 * @param plugged names of the devices that are in the machine
 */
export function reconcile({ devices, containers }: DeviceBooks, plugged: readonly string[]): ReconciledBooks {
  const present = new Set(plugged);
  const real = devices
    .map((device) => ({ ...device, plugged: device.plugged.filter(({ device: { id } }) => present.has(id)) }))
    .filter(({ kind, plugged: left }) => kind === 'generic' || left.length > 0);
  const known = new Set(real.map(({ id }) => id));
  const held = containers.map((container) => ({
    ...container,
    devices: container.devices.filter((id) => known.has(id)),
    mounts: container.mounts.filter(({ device }) => known.has(device)),
  }));
  const users = (id: string): number =>
    held.reduce((sum, container) => sum + container.devices.filter((one) => one === id).length, 0);
  const kept = real.filter(({ id, kind }) => kind !== 'generic' || users(id) > 0);
  const named = new Set(kept.flatMap((device) => device.plugged.map(({ device: { id } }) => id)));
  return {
    devices: kept.map((device) => {
      const count = Math.max(1, users(device.id));
      return { ...device, referenceCount: count, attachCount: count };
    }),
    containers: held,
    strays: kept.filter(({ id }) => users(id) === 0).map(({ id }) => id),
    unknown: plugged.filter((id) => isContainerDevice(id) && !named.has(id)),
  };
}
