// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/device-manager';

import { UndoStack } from '../undo-stack.ts';
import type { HeldRecord } from './device-books.ts';
import type { BlockVolume } from './device-options.ts';
import type { VolumeUser } from './direct-volume/volume-users.ts';
import type { SharedDevices } from './shared-devices.ts';
import type { VolumeMounts } from './volume-mounts.ts';

/** What a {@link HeldDevices} takes from. */
export interface HeldDevicesParts {
  readonly containerId: string;
  readonly shared: SharedDevices;
  readonly mounts: VolumeMounts;
  /** Notes that the sandbox has a direct volume. */
  note(volumePath: string, user: Pick<VolumeUser, 'guestPath'>): Promise<void>;
  /** Takes that back. */
  forget(volumePath: string): Promise<void>;
}

/** What one container has of the devices of its sandbox. */
export class HeldDevices {
  readonly #parts: HeldDevicesParts;
  #devices: readonly Device[] = [];
  #claims: readonly { readonly device: Device; readonly how: string }[] = [];
  #volumes: readonly string[] = [];

  constructor(parts: HeldDevicesParts) {
    this.#parts = parts;
  }

  /** What another owner has to know of it. */
  get record(): HeldRecord {
    return {
      containerId: this.#parts.containerId,
      devices: this.#devices.map(({ id }) => id),
      mounts: this.#claims.map(({ device, how }) => ({ device: device.id, how })),
      volumes: this.#volumes,
    };
  }

  /** Whether there is nothing to give back. */
  get isEmpty(): boolean {
    return this.#devices.length + this.#volumes.length === 0;
  }

  /**
   * Goes on with what a former owner has written down; the devices are counted already.
   * @param record agrees with the machine
   * @param find gives a device by its id
   */
  restore(record: HeldRecord, find: (id: string) => Device | undefined): void {
    const known = (id: string): readonly Device[] => {
      const device = find(id);
      return device === undefined ? [] : [device];
    };
    this.#devices = record.devices.flatMap(known);
    this.#claims = record.mounts.flatMap(({ device: id, how }) =>
      known(id).map((device) => ({ device, how })),
    );
    for (const { device, how } of this.#claims) this.#parts.mounts.claim(device, how);
    this.#volumes = record.volumes;
  }

  /** As {@link SharedDevices.acquire}, for this container. */
  async acquire(...args: Parameters<SharedDevices['acquire']>): Promise<Device> {
    const device = await this.#parts.shared.acquire(...args);
    this.#devices = [...this.#devices, device];
    return device;
  }

  /** Agrees to how a disk is mounted. Error: `invalid_options` when another container has it in another way. */
  claim(device: Device, { fstype, options = [] }: BlockVolume): void {
    const how = [fstype, ...options].join(' ');
    this.#parts.mounts.claim(device, how);
    this.#claims = [...this.#claims, { device, how }];
  }

  /** Notes that the container has a direct-assigned volume. */
  async note(volumePath: string, user: Pick<VolumeUser, 'guestPath'>): Promise<void> {
    this.#volumes = [...this.#volumes, volumePath];
    await this.#parts.note(volumePath, user);
  }

  /** Gives everything back, once; what fails does not keep the rest. Errors: `device_failed`, `timeout`. */
  async giveBack(): Promise<void> {
    const { shared, mounts } = this.#parts;
    const undo = new UndoStack();
    const [devices, claims, volumes] = [this.#devices, this.#claims, this.#volumes];
    undo.push('devices', () => shared.giveBack(devices));
    for (const { device } of claims) undo.push('way of mounting', () => mounts.release(device));
    for (const path of volumes) undo.push('note of the volume', () => this.#parts.forget(path));
    const [failure] = await undo.unwind();
    this.#devices = [];
    this.#claims = [];
    this.#volumes = [];
    if (failure !== undefined) throw failure.error;
  }
}
