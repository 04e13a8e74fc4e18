// SPDX-License-Identifier: Apache-2.0

/** How many bytes of input the agent still takes; those who write wait here, in order. */
export class InputCredit {
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #change = Promise.withResolvers<undefined>();

  /** The agent takes more. */
  add(bytes: number): void {
    this.#bytes += bytes;
    this.#wake();
  }

  /** The agent takes none any more; the first reason counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  /** Throws the reason if the agent takes none any more. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Takes at most `wanted` bytes of the credit; 0 when there is none. Throws the reason if there will be none. */
  take(wanted: number): number {
    this.throwIfFailed();
    const taken = Math.min(wanted, this.#bytes);
    this.#bytes -= taken;
    return taken;
  }

  /** Settles when {@link InputCredit.take} is worth another attempt. */
  get change(): Promise<undefined> {
    return this.#change.promise;
  }

  #wake(): void {
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers<undefined>();
  }
}
