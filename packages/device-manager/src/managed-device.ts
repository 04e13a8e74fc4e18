// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from './device-info.ts';
import type { DeviceKind } from './device-kind.ts';
import { DeviceManagerError } from './device-manager-error.ts';
import { maxCount, type DeviceOrigin, type DeviceState } from './device-state.ts';
import type { PluggedDevice } from './pluggable-device.ts';
import { SerialQueue } from './serial-queue.ts';

/** A device that the manager knows; its counts change as it is used. */
export interface Device {
  /** Sixteen hexadecimal digits. */
  readonly id: string;
  readonly kind: DeviceKind;
  /** What the container asked for; `undefined` for devices of other parts of the host side. */
  readonly info: DeviceInfo | undefined;
  /** File, device node or socket on the host. */
  readonly hostPath: string;
  /** How many have created it and not yet removed it. */
  readonly referenceCount: number;
  /** How many have attached it and not yet detached it. */
  readonly attachCount: number;
  /** What of it is in the virtual machine. */
  readonly plugged: readonly PluggedDevice[];
}

/** A {@link Device} with what the manager needs to change it. */
export class ManagedDevice implements Device {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly origin: DeviceOrigin;
  /** Operations on the device, one at a time. */
  readonly queue = new SerialQueue();
  /** Changes only within {@link queue}. */
  plugged: readonly PluggedDevice[];
  #referenceCount: number;
  #attachCount: number;

  constructor(state: DeviceState) {
    this.id = state.id;
    this.kind = state.kind;
    this.origin = state.origin;
    this.plugged = state.plugged;
    this.#referenceCount = state.referenceCount;
    this.#attachCount = state.attachCount;
  }

  get info(): DeviceInfo | undefined {
    return this.origin.type === 'node' ? this.origin.info : undefined;
  }

  get hostPath(): string {
    return this.origin.type === 'node' ? this.origin.hostPath : this.origin.attributes.socketPath;
  }

  get referenceCount(): number {
    return this.#referenceCount;
  }

  get attachCount(): number {
    return this.#attachCount;
  }

  /** Whether detaching leaves it in the virtual machine: nobody can take out an NVDIMM, or a device of the boot. */
  get staysPlugged(): boolean {
    return this.info === undefined || this.info.pmem === true || this.info.coldPlug === true;
  }

  /** Adds to the references. Throws `count_overflow`. */
  addReference(): void {
    this.#referenceCount = this.#increased(this.#referenceCount);
  }

  /** Takes a reference away; there is one. */
  dropReference(): void {
    this.#referenceCount -= 1;
  }

  /** Throws `count_overflow` when one more attachment cannot be counted. */
  checkAttachable(): void {
    this.#increased(this.#attachCount);
  }

  /** Counts an attachment that was made. */
  countAttach(): void {
    this.#attachCount = this.#increased(this.#attachCount);
  }

  /** Counts a detachment that was made. */
  countDetach(): void {
    this.#attachCount -= 1;
  }

  /** Gives the device in the form that outlives the process. */
  save(): DeviceState {
    return {
      id: this.id,
      kind: this.kind,
      origin: this.origin,
      referenceCount: this.#referenceCount,
      attachCount: this.#attachCount,
      plugged: this.plugged,
    };
  }

  #increased(count: number): number {
    if (count < maxCount) return count + 1;
    throw new DeviceManagerError('count_overflow', `a count of device ${this.id} is at its maximum`, {
      device: this.id,
    });
  }
}
