// SPDX-License-Identifier: Apache-2.0

/** Keeps the last `capacityBytes` of a byte stream as text, and nothing more, however much comes. */
export class BoundedTail {
  readonly #capacityBytes: number;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // Compacting at twice the capacity makes the cost per byte constant.
    if (this.#length > 2 * this.#capacityBytes || this.#chunks.length > 1024) this.#compact();
  }

  /** Bytes read as Latin-1: foreign output has no known encoding, and nothing must be lost or made up. */
  toString(): string {
    this.#compact();
    return this.#chunks[0] === undefined ? '' : Buffer.from(this.#chunks[0]).toString('latin1');
  }

  #compact(): void {
    const kept = Buffer.concat(this.#chunks).subarray(-this.#capacityBytes);
    // A copy, so that the large buffer behind the view can go.
    this.#chunks = kept.length === 0 ? [] : [Uint8Array.from(kept)];
    this.#length = kept.length;
  }
}
