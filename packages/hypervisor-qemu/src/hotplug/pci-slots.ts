// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type PciePort, type PciePorts } from '@hako/hypervisor';
import {
  bridgeId,
  bridgeSlot,
  firstPortSlot,
  portCount,
  portId,
  residentSlot,
  type HotplugPlaces,
} from '../command-line/hotplug-places.ts';
import { rootPortSlot, switchPortId, switchSlot } from '../command-line/pcie-ports.ts';

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
  readonly #usual: readonly PciSlot[];
  readonly #ports: Readonly<Record<PciePort, readonly PciSlot[]>>;
  readonly #taken = new Set<PciSlot>();

  /** @param ports - Those for devices of the host alone. */
  constructor(places: HotplugPlaces, ports: PciePorts = {}) {
    this.#usual = usualPlaces(places);
    // A machine whose usual places are root ports has no others.
    const rootPorts = places === 'ports' ? this.#usual : rootPortPlaces(ports.root);
    this.#ports = { 'root-port': rootPorts, 'switch-port': switchPortPlaces(ports.switch) };
  }

  /**
   * Takes a free place.
   *
   * @param port - Default: the place of all devices.
   * @throws HypervisorError `no_free_slot`
   */
  take(port?: PciePort): PciSlot {
    const places = port === undefined ? this.#usual : this.#ports[port];
    const slot = places.find((place) => !this.#taken.has(place));
    if (slot === undefined) {
      const what = port ?? 'place for devices';
      throw new HypervisorError('no_free_slot', `no ${what} is free, of ${places.length} that there are`, {
        ...(port !== undefined && { operand: 'pciePorts', remedy: 'give the machine more ports' }),
      });
    }
    this.#taken.add(slot);
    return slot;
  }

  /** Takes the place with this way. @throws HypervisorError `no_free_slot` if there is none or it is taken */
  takeAt(pciPath: string): PciSlot {
    const all = [...this.#usual, ...Object.values(this.#ports).flat()];
    const slot = all.find((place) => place.pciPath === pciPath && !this.#taken.has(place));
    if (slot === undefined) throw new HypervisorError('no_free_slot', `place ${pciPath} is not free`);
    this.#taken.add(slot);
    return slot;
  }

  release(slot: PciSlot): void {
    this.#taken.delete(slot);
  }
}

function usualPlaces(places: HotplugPlaces): PciSlot[] {
  switch (places) {
    case 'none':
      return [];
    case 'bridge':
      return Array.from({ length: residentSlot - 1 }, (_, index) => {
        const addr = hex(index + 1);
        return { bus: bridgeId, addr, pciPath: `${hex(bridgeSlot)}/${addr}` };
      });
    case 'ports':
      return behindPorts(portCount, portId, (index) => hex(firstPortSlot + index));
    default:
      return places satisfies never;
  }
}

function rootPortPlaces(count = 0): PciSlot[] {
  return behindPorts(count, portId, (index) => hex(rootPortSlot(index)));
}

/** The way leads through the port that the switch is behind, and through the switch. */
function switchPortPlaces(count = 0): PciSlot[] {
  return behindPorts(count, switchPortId, (index) => `${hex(switchSlot)}/00/${hex(index)}`);
}

/** A port has one place, the first. */
function behindPorts(
  count: number,
  idOf: (index: number) => string,
  wayTo: (index: number) => string,
): PciSlot[] {
  return Array.from({ length: count }, (_, index) => ({
    bus: idOf(index),
    addr: '00',
    pciPath: `${wayTo(index)}/00`,
  }));
}

function hex(slot: number): string {
  return slot.toString(16).padStart(2, '0');
}
