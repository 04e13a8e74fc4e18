// SPDX-License-Identifier: Apache-2.0

/** Bytes from one side of a fake process to the other, in order, with an end. Unbounded: tests write little. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #wake = Promise.withResolvers<undefined>();

  /** Adds bytes. */
  write(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#signal();
  }

  /** Says that no more bytes come. */
  end(): void {
    this.#ended = true;
    this.#signal();
  }

  /** The next bytes, at most `maxBytes`; empty at the end. Waits for either. */
  async read(maxBytes = Number.MAX_SAFE_INTEGER): Promise<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        if (chunk.length > maxBytes) this.#chunks.unshift(chunk.subarray(maxBytes));
        return chunk.subarray(0, maxBytes);
      }
      if (this.#ended) return new Uint8Array();
      await this.#wake.promise;
    }
  }

  #signal(): void {
    this.#wake.resolve(undefined);
    this.#wake = Promise.withResolvers<undefined>();
  }
}
