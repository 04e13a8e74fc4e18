// SPDX-License-Identifier: Apache-2.0

const letters = 26;
const firstLetter = 'a'.charCodeAt(0);

/**
 * Name the guest's kernel gives to the virtio disk with this index: 0 `vda`, 25 `vdz`, 26 `vdaa`, 702 `vdaaa`.
 *
 * It is right only while disks are neither removed nor probed out of order: prefer the PCI path.
 *
 * @param index - A whole number from 0.
 */
export function driveName(index: number): string {
  if (!Number.isSafeInteger(index) || index < 0)
    throw new RangeError(`drive index ${index} is not a whole number from 0`);
  let name = '';
  for (let rest = index; rest >= 0; rest = Math.floor(rest / letters) - 1) {
    name = String.fromCharCode(firstLetter + (rest % letters)) + name;
  }
  return `vd${name}`;
}
