// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { OutputPort } from './output-port.ts';

/** How ports are found and opened. */
export interface PortDoors {
  /** The device of a named virtio-serial port, or undefined when there is none. */
  findPort(name: string): string | undefined;
  openPort(path: string): Duplex;
}

/** The ports over which much output leaves the guest; each is opened when it is first needed. */
export class OutputPorts {
  readonly #doors: PortDoors;
  readonly #ports = new Map<string, OutputPort>();

  /** @param doors - the way to the ports */
  constructor(doors: PortDoors) {
    this.#doors = doors;
  }

  /** The named port; undefined when the machine has none of that name. */
  find(name: string): OutputPort | undefined {
    const known = this.#ports.get(name);
    if (known !== undefined) return known;
    const path = this.#doors.findPort(name);
    if (path === undefined) return undefined;
    const port = new OutputPort(() => this.#doors.openPort(path));
    this.#ports.set(name, port);
    return port;
  }
}
