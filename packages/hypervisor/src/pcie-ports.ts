// SPDX-License-Identifier: Apache-2.0
import { invalidConfig } from './invalid-config.ts';
import { isWholeNumber } from './whole-number.ts';

/** Where a device of the host can be plugged beside the usual place: a port of its own, as PCI Express has them. */
export type PciePort = 'root-port' | 'switch-port';

/** PCI Express ports of a machine, each for one device of the host. */
export interface PciePorts {
  /** Ports of the machine itself, at most 16. Default 0. */
  readonly root?: number;
  /** Ports of a switch, at most 16. Default 0: there is no switch. */
  readonly switch?: number;
}

/** Most ports of a kind, as upstream has it: a bus has 32 slots, and other devices need some. */
const maximumPciePorts = 16;

/** Checks the counts. @throws HypervisorError `invalid_config` */
export function validatePciePorts(ports: PciePorts): void {
  for (const [kind, count] of Object.entries({ root: ports.root ?? 0, switch: ports.switch ?? 0 })) {
    if (isWholeNumber(count, 0, maximumPciePorts)) continue;
    throw invalidConfig(
      'pciePorts',
      `${count} ${kind} ports are not a whole number from 0 to ${maximumPciePorts}`,
    );
  }
}
