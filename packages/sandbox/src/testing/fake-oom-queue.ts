// SPDX-License-Identifier: Apache-2.0

/** Containers of a fake guest that ran out of memory, for hosts that ask one by one. */
export class FakeOomQueue {
  readonly #ids: string[] = [];
  #wake = Promise.withResolvers<undefined>();

  /** Tells of a container. */
  put(containerId: string): void {
    this.#ids.push(containerId);
    this.#wake.resolve(undefined);
    this.#wake = Promise.withResolvers<undefined>();
  }

  /** Waits for the next one; rejects with the signal's reason. */
  async take(signal: AbortSignal | undefined): Promise<string> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const id = this.#ids.shift();
        if (id !== undefined) return id;
        await Promise.race([this.#wake.promise, aborted]);
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
