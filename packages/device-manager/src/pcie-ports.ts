// SPDX-License-Identifier: Apache-2.0
import type { PciePortKind } from './device-info.ts';

/** Names that the virtual machine's ports have, without their number. */
const prefixes: Readonly<Record<PciePortKind, string>> = {
  'root-port': 'rp',
  'switch-port': 'swdp',
  'bridge-port': 'bp',
};

/** The guest's NUMA node for devices of one node of the host. */
export interface NumaPlacement {
  readonly hostNode: number;
  readonly guestNode: number;
}

/**
 * Which PCIe ports are taken. One table per sandbox; a port that becomes free is the next one given, so that a port
 * never has two devices, whatever was unplugged before.
 */
export class PciePorts {
  readonly #taken = new Set<string>();
  readonly #numa: readonly NumaPlacement[];

  /** @param numa - Guest nodes with root ports of their own; empty for a guest with one node. */
  constructor(numa: readonly NumaPlacement[] = []) {
    this.#numa = numa;
  }

  /**
   * Takes a port.
   *
   * @param hostNode - NUMA node of the device on the host, −1 when unknown.
   * @returns the port's name, which is the name of the bus behind it.
   */
  take(kind: PciePortKind, hostNode = -1): string {
    const placement =
      kind === 'root-port' ? this.#numa.find((entry) => entry.hostNode === hostNode) : undefined;
    const prefix = placement === undefined ? prefixes[kind] : `rp-numa${placement.guestNode}-`;
    let index = 0;
    while (this.#taken.has(`${prefix}${index}`)) index += 1;
    const bus = `${prefix}${index}`;
    this.#taken.add(bus);
    return bus;
  }

  /** Marks a saved port as taken. */
  restore(bus: string): void {
    this.#taken.add(bus);
  }

  /** Gives a port back. */
  release(bus: string): void {
    this.#taken.delete(bus);
  }
}
