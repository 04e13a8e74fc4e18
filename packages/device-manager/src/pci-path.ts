// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from './device-manager-error.ts';

const maxSlot = 31;
const component = /^[0-9a-f]{2}$/;

/**
 * Way to a PCI device from the root bus: the slot of each bridge, then that of the device. Text such as `02/1f`, two
 * lower-case hexadecimal digits per slot; functions are always 0.
 */
export type PciPath = string;

/** Makes a path from slot numbers 0 to 31. Throws `invalid_device`. */
export function formatPciPath(slots: readonly number[]): PciPath {
  if (slots.length === 0 || slots.some((slot) => !Number.isInteger(slot) || slot < 0 || slot > maxSlot)) {
    throw new DeviceManagerError('invalid_device', `no PCI path: ${slots.join('/')}`);
  }
  return slots.map((slot) => slot.toString(16).padStart(2, '0')).join('/');
}

/** Gives the slot numbers of a path, as AddSwap takes them. Throws `invalid_device` for text that is no path. */
export function pciPathSlots(path: PciPath): number[] {
  const slots = path
    .split('/')
    .map((part) => (component.test(part) ? Number.parseInt(part, 16) : Number.NaN));
  if (slots.some((slot) => !(slot <= maxSlot))) {
    throw new DeviceManagerError('invalid_device', `no PCI path: ${JSON.stringify(path)}`);
  }
  return slots;
}
