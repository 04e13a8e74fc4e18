// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from './device-manager-error.ts';

/** Number of disks a sandbox can have. */
const maxIndexes = 65_535;

/** Numbers of a sandbox's disks. The lowest free one is given first, because drive names and SCSI addresses follow it. */
export class BlockIndexes {
  readonly #taken = new Set<number>();
  #lowestFree = 0;

  /** @param reserved - Numbers of disks that the virtual machine has anyway, such as its root image. */
  constructor(reserved: readonly number[] = []) {
    for (const index of reserved) this.#taken.add(index);
    this.#advance();
  }

  /** Takes the lowest free number. Throws `block_index_exhausted`. */
  take(): number {
    const index = this.#lowestFree;
    if (index >= maxIndexes)
      throw new DeviceManagerError('block_index_exhausted', 'all block indexes are in use');
    this.#taken.add(index);
    this.#advance();
    return index;
  }

  /** Takes a number that was saved. Throws `invalid_state` when it is in use or out of range. */
  restore(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= maxIndexes || this.#taken.has(index)) {
      throw new DeviceManagerError('invalid_state', `block index ${index} cannot be restored`);
    }
    this.#taken.add(index);
    this.#advance();
  }

  /** Gives a number back. */
  release(index: number): void {
    if (this.#taken.delete(index)) this.#lowestFree = Math.min(this.#lowestFree, index);
  }

  #advance(): void {
    while (this.#taken.has(this.#lowestFree)) this.#lowestFree += 1;
  }
}
