// SPDX-License-Identifier: Apache-2.0
import type { DeviceReceiver, ReceiverOptions } from '../device-receiver.ts';
import { formatPciPath } from '../pci-path.ts';
import type { GuestAddress, PluggableDevice, PluggedDevice } from '../pluggable-device.ts';

/** What a fake machine was asked to do. */
export interface FakeMachineCall {
  readonly operation: 'append' | 'hotplug' | 'unplug';
  readonly deviceId: string;
}

/** Slots of a PCI bridge that devices can have. */
const slotsPerBridge = 31;
const firstBridgeSlot = 2;

/**
 * A virtual machine that only keeps books. Like QEMU it refuses a device whose name, file index or port is in use, and
 * one that is not there to be unplugged.
 */
export class FakeMachine implements DeviceReceiver {
  /** All operations that were asked for, also those that failed. */
  readonly calls: FakeMachineCall[] = [];
  readonly #devices = new Map<string, { plugged: PluggedDevice; slot: number }>();
  #failures: { after: number; error: Error }[] = [];
  #gate: Promise<void> | undefined;

  /** Names of the devices that are in the machine. */
  get deviceIds(): readonly string[] {
    return [...this.#devices.keys()];
  }

  /** The devices that are in the machine. */
  get devices(): readonly PluggableDevice[] {
    return [...this.#devices.values()].map(({ plugged }) => plugged.device);
  }

  /** Lets an operation fail: the next one, or the one `after` so many successful ones. */
  failNext(error: Error = new Error('machine refuses'), after = 0): void {
    this.#failures.push({ after, error });
  }

  /** Holds operations back until the returned function is called, or their signal aborts. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#gate = promise;
    return () => {
      this.#gate = undefined;
      resolve(undefined);
    };
  }

  async append(device: PluggableDevice, options: ReceiverOptions): Promise<GuestAddress> {
    return await this.#plug('append', device, options);
  }

  async hotplug(device: PluggableDevice, options: ReceiverOptions): Promise<GuestAddress> {
    return await this.#plug('hotplug', device, options);
  }

  async unplug({ device }: PluggedDevice, options: ReceiverOptions): Promise<void> {
    await this.#begin('unplug', device, options);
    if (!this.#devices.delete(device.id)) throw new Error(`device ${device.id} is not in the machine`);
  }

  async #plug(
    operation: 'append' | 'hotplug',
    device: PluggableDevice,
    options: ReceiverOptions,
  ): Promise<GuestAddress> {
    await this.#begin(operation, device, options);
    this.#refuseConflict(device);
    const slot = this.#freeSlot();
    const address = addressOf(device, slot);
    this.#devices.set(device.id, { plugged: { device, address }, slot });
    return address;
  }

  async #begin(
    operation: FakeMachineCall['operation'],
    device: PluggableDevice,
    { signal }: ReceiverOptions,
  ): Promise<void> {
    this.calls.push({ operation, deviceId: device.id });
    signal.throwIfAborted();
    if (this.#gate !== undefined) await untilAborted(this.#gate, signal);
    const [failure] = this.#failures;
    if (failure === undefined) return;
    if (failure.after > 0) {
      failure.after -= 1;
      return;
    }
    this.#failures.shift();
    throw failure.error;
  }

  #refuseConflict(device: PluggableDevice): void {
    if (this.#devices.has(device.id)) throw new Error(`device ${device.id} is in the machine already`);
    for (const other of this.devices) {
      const index = indexOf(device);
      if (index !== undefined && index === indexOf(other)) {
        throw new Error(`index ${index} is in use by ${other.id}`);
      }
      if (
        device.kind === 'vfio' &&
        other.kind === 'vfio' &&
        device.bus !== undefined &&
        device.bus === other.bus
      ) {
        throw new Error(`port ${device.bus} is in use by ${other.id}`);
      }
    }
  }

  #freeSlot(): number {
    const taken = new Set([...this.#devices.values()].map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    return slot;
  }
}

function indexOf(device: PluggableDevice): number | undefined {
  return 'index' in device ? device.index : undefined;
}

async function untilAborted(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([waiting, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function addressOf(device: PluggableDevice, slot: number): GuestAddress {
  if (device.kind === 'block' && device.driver === 'nvdimm') return { nvdimmIndex: slot };
  if (device.kind === 'block' && device.driver === 'virtio-blk-ccw') {
    return { ccwBusId: `0.0.${slot.toString(16).padStart(4, '0')}` };
  }
  const bridge = firstBridgeSlot + Math.floor(slot / slotsPerBridge);
  return { pciPath: formatPciPath([bridge, (slot % slotsPerBridge) + 1]) };
}
