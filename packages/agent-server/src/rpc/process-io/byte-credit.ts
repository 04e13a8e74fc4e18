// SPDX-License-Identifier: Apache-2.0
import { rejectOnAbort } from '../../concurrency/mutex.ts';

/** How many more bytes the other side takes. At first none. */
export class ByteCredit {
  #bytes = 0;
  #granted = Promise.withResolvers<undefined>();

  /** Grants further bytes. */
  add(bytes: number): void {
    if (bytes <= 0) return;
    this.#bytes += bytes;
    this.#granted.resolve(undefined);
  }

  /** Uses bytes up. */
  take(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes <= 0) this.#granted = Promise.withResolvers<undefined>();
  }

  /**
   * Waits until there is any.
   *
   * @throws the signal's reason when it is aborted first
   */
  async some(signal: AbortSignal): Promise<number> {
    if (this.#bytes <= 0) await rejectOnAbort(this.#granted.promise, signal);
    return this.#bytes;
  }
}
