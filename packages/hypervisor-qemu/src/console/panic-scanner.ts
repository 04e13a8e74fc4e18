// SPDX-License-Identifier: Apache-2.0

const words = Buffer.from('Kernel panic - not syncing');

/**
 * Looks for the kernel's last words in console output, across chunk borders. Reading the console finds a panic in any
 * phase of the boot; a pvpanic device is heard only once the guest has loaded a module for it.
 */
export class PanicScanner {
  #carry: Uint8Array = new Uint8Array(0);
  #found = false;

  /** Whether the words have appeared so far, this chunk included. */
  push(chunk: Uint8Array): boolean {
    if (this.#found) return true;
    const window = Buffer.concat([this.#carry, chunk]);
    this.#found = window.includes(words);
    this.#carry = Uint8Array.from(window.subarray(-(words.length - 1)));
    return this.#found;
  }
}
