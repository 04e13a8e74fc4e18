// SPDX-License-Identifier: Apache-2.0

/** One call with its three moments. */
export class Watched {
  readonly #started = Promise.withResolvers<undefined>();
  readonly #released = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<boolean>();

  readonly started = this.#started.promise;
  readonly released = this.#released.promise;
  /** Whether it was abandoned, once it has ended. */
  readonly ended = this.#ended.promise;

  start(): void {
    this.#started.resolve(undefined);
  }

  release(): void {
    this.#released.resolve(undefined);
  }

  end(abandoned: boolean): void {
    this.#ended.resolve(abandoned);
  }
}

/** Finds calls by label, whoever mentions the label first: the call or the one waiting for it. */
export class Watches {
  readonly #calls = new Map<string, Watched>();

  of(label: string): Watched {
    const known = this.#calls.get(label);
    if (known !== undefined) return known;
    const call = new Watched();
    this.#calls.set(label, call);
    return call;
  }
}
