// SPDX-License-Identifier: Apache-2.0

/** Something that happens once and can be waited for. */
export class Gate<Value = void> {
  readonly #deferred = Promise.withResolvers<Value>();
  /** Resolves when the gate is opened. */
  readonly passed: Promise<Value> = this.#deferred.promise;

  /** Lets everyone through who waits or will wait. */
  open(value: Value): void {
    this.#deferred.resolve(value);
  }
}
