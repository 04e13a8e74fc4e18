// SPDX-License-Identifier: Apache-2.0
import type { QmpClient } from '../qmp/qmp-client.ts';
import { deleteDevice } from './delete-device.ts';
import { deviceStep } from './device-step.ts';
import type { PciSlot, PciSlots } from './pci-slots.ts';
import type { PlugStep } from './plug-step.ts';

/** Where a disk is on the bus. */
export interface ScsiAddress {
  readonly target: number;
  readonly lun: number;
}

const controllerId = 'scsi0';
/** Upstream's division of disk numbers into targets and LUNs. */
const lunsPerTarget = 256;

/** The SCSI bus of one machine. Its controller is plugged with the first disk: a machine without disks boots sooner. */
export class ScsiBus {
  readonly bus = `${controllerId}.0`;
  readonly #monitor: QmpClient;
  readonly #slots: PciSlots;
  readonly #taken = new Set<number>();
  #slot: PciSlot | undefined;
  #isPlugged = false;

  constructor(monitor: QmpClient, slots: PciSlots) {
    this.#monitor = monitor;
    this.#slots = slots;
  }

  /** The controller's way from the root bus, once it was needed. */
  get pciPath(): string {
    return this.#slot?.pciPath ?? '';
  }

  /** Takes the lowest free address. */
  take(): ScsiAddress {
    let index = 0;
    while (this.#taken.has(index)) index += 1;
    this.#taken.add(index);
    return { target: Math.floor(index / lunsPerTarget), lun: index % lunsPerTarget };
  }

  release({ target, lun }: ScsiAddress): void {
    this.#taken.delete(target * lunsPerTarget + lun);
  }

  /** The controller's way once it is plugged: what an adopting process has to know. */
  get pluggedPath(): string | undefined {
    return this.#isPlugged ? this.#slot?.pciPath : undefined;
  }

  /** Takes up a bus that another process has plugged. */
  adopt(pciPath: string): void {
    this.#slot = this.#slots.takeAt(pciPath);
    this.#isPlugged = true;
  }

  /** Marks an address as taken by a disk that another process has plugged. */
  adoptAddress({ target, lun }: ScsiAddress): void {
    this.#taken.add(target * lunsPerTarget + lun);
  }

  /** Sees to it that the controller is there. Once it is, it stays, whatever happens to the disk. */
  step(): PlugStep {
    return {
      apply: async (options) => {
        if (this.#isPlugged) return;
        this.#slot ??= this.#slots.take();
        const { bus, addr } = this.#slot;
        const driver = 'virtio-scsi-pci';
        const device = { driver, id: controllerId, bus, addr, 'disable-legacy': 'on', romfile: '' } as const;
        await deviceStep(this.#monitor, device).apply(options);
        this.#isPlugged = true;
      },
      revert: async (options) => {
        if (!this.#isPlugged) await deleteDevice(this.#monitor, controllerId, options);
      },
    };
  }
}
