// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import {
  bridgeId,
  bridgeSlot,
  firstPortSlot,
  portCount,
  portId,
  residentSlot,
  type HotplugPlaces,
} from '../command-line/hotplug-places.ts';

/** A place for one device. */
export interface PciSlot {
  /** Bus and address in QEMU's words. */
  readonly bus: string;
  readonly addr: string;
  /** Way to it in the guest: slots as two hexadecimal digits each. */
  readonly pciPath: string;
}

/** The places of a machine and which of them are taken. A place that becomes free is the next one given. */
export class PciSlots {
  readonly #places: readonly PciSlot[];
  readonly #taken = new Set<PciSlot>();

  constructor(places: HotplugPlaces) {
    this.#places = placesOf(places);
  }

  /** @throws HypervisorError `no_free_slot` */
  take(): PciSlot {
    const slot = this.#places.find((place) => !this.#taken.has(place));
    if (slot === undefined) {
      throw new HypervisorError('no_free_slot', `all ${this.#places.length} places for devices are taken`);
    }
    this.#taken.add(slot);
    return slot;
  }

  /** Takes the place with this way. @throws HypervisorError `no_free_slot` if there is none or it is taken */
  takeAt(pciPath: string): PciSlot {
    const slot = this.#places.find((place) => place.pciPath === pciPath && !this.#taken.has(place));
    if (slot === undefined) throw new HypervisorError('no_free_slot', `place ${pciPath} is not free`);
    this.#taken.add(slot);
    return slot;
  }

  release(slot: PciSlot): void {
    this.#taken.delete(slot);
  }
}

function placesOf(places: HotplugPlaces): PciSlot[] {
  switch (places) {
    case 'none':
      return [];
    case 'bridge':
      return Array.from({ length: residentSlot - 1 }, (_, index) => {
        const addr = hex(index + 1);
        return { bus: bridgeId, addr, pciPath: `${hex(bridgeSlot)}/${addr}` };
      });
    case 'ports':
      return Array.from({ length: portCount }, (_, index) => ({
        bus: portId(index),
        addr: '00',
        pciPath: `${hex(firstPortSlot + index)}/00`,
      }));
    default:
      return places satisfies never;
  }
}

function hex(slot: number): string {
  return slot.toString(16).padStart(2, '0');
}
