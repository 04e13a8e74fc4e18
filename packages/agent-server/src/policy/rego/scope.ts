// SPDX-License-Identifier: Apache-2.0

/** The variables of one body, and behind them those of the bodies around it. */
export class Scope {
  readonly #outer: Scope | undefined;
  readonly #slots = new Map<string, number>();

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** The slot of a variable, the innermost if there are several of that name. */
  find(name: string): number | undefined {
    return this.#slots.get(name) ?? this.#outer?.find(name);
  }

  /** Whether a variable belongs to this body itself. */
  hasOwn(name: string): boolean {
    return this.#slots.has(name);
  }

  declare(name: string, slot: number): void {
    this.#slots.set(name, slot);
  }
}
