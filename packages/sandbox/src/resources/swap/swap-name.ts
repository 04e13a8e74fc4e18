// SPDX-License-Identifier: Apache-2.0

/**
 * The name of a disk for swap space in its machine.
 * @param number counts from 1
 */
export function swapDiskId(number: number): string {
  return `swap-${number}`;
}

/**
 * Tells whether a device of a machine is a disk for swap space: what is on it is worth nothing after the machine.
 * @param id its name in the machine
 */
export function isSwapDisk(id: string): boolean {
  return /^swap-\d{1,9}$/.test(id);
}
