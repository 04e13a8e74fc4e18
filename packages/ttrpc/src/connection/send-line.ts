// SPDX-License-Identifier: Apache-2.0

/** Senders that wait, one behind the other, until there is room for what they have to write. */
export class SendLine {
  readonly #hasRoom: () => boolean;
  readonly #waiting = new Set<() => void>();
  #next: SetIterator<() => void> | undefined;

  /** @param hasRoom - whether one more may write; asked again after each. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Whether a sender may write now: there is room and nobody waits in line. */
  get ready(): boolean {
    return this.#waiting.size === 0 && this.#hasRoom();
  }

  /** Whether nobody waits. */
  get empty(): boolean {
    return this.#waiting.size === 0;
  }

  /**
   * Runs `task` now, or in its turn when there is room again.
   * @returns a function that takes the task out of the line.
   */
  whenReady(task: () => void): () => void {
    if (this.ready) {
      task();
      return nothing;
    }
    // A wrapper per wait, so that the same function may wait twice.
    const entry = (): void => task();
    this.#waiting.add(entry);
    return () => {
      this.#waiting.delete(entry);
    };
  }

  /** Lets those in front write while there is room. */
  release(): void {
    while (this.#hasRoom()) {
      // The iterator goes on where it stood: starting anew would pass over all that have left the line.
      this.#next ??= this.#waiting.values();
      const { done, value: task } = this.#next.next();
      if (done === true) {
        this.#next = undefined;
        return;
      }
      this.#waiting.delete(task);
      task();
    }
  }

  /** Drops everyone who waits. */
  clear(): void {
    this.#waiting.clear();
  }
}

function nothing(): void {
  // There is nothing to take back: the task has run.
}
