// SPDX-License-Identifier: Apache-2.0

/** Bytes from one writer to readers that wait for them. Unbounded: it serves tests, which know what they write. */
export class ByteChannel {
  #pieces: Uint8Array[] = [];
  #ended = false;
  #wake = Promise.withResolvers<undefined>();

  /** Adds bytes. */
  write(data: Uint8Array): void {
    if (data.length === 0 || this.#ended) return;
    this.#pieces.push(data.slice());
    this.#notify();
  }

  /** Ends the stream: readers get what is left, then nothing. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /** Waits for bytes and takes at most `maxBytes`; empty at the end. An abort takes nothing. */
  async read(maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      signal.throwIfAborted();
      const piece = this.#pieces[0];
      if (piece !== undefined) {
        const taken = piece.subarray(0, maxBytes);
        const rest = piece.subarray(maxBytes);
        if (rest.length > 0) this.#pieces[0] = rest;
        else this.#pieces.shift();
        return taken;
      }
      if (this.#ended) return new Uint8Array(0);
      await settledOrAborted(this.#wake.promise, signal);
    }
  }

  #notify(): void {
    this.#wake.resolve(undefined);
    this.#wake = Promise.withResolvers<undefined>();
  }
}

/** Waits for a promise; rejects with the signal's reason when it aborts first. */
export async function settledOrAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
