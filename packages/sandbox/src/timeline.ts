// SPDX-License-Identifier: Apache-2.0

/** One measured stretch of a sandbox's life. */
export interface Phase {
  /** What happened, in a few words. */
  readonly name: string;
  /** When it began, in milliseconds after the sandbox was asked for. */
  readonly startMs: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Reads a clock that never goes back, in milliseconds. */
export type Clock = () => number;

/** Collects phases as they end. Phases may overlap. */
export class Timeline {
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #phases: Phase[] = [];

  /** @param clock the clock; default `performance.now` */
  constructor(clock: Clock = () => performance.now()) {
    this.#clock = clock;
    this.#originMs = clock();
  }

  /** The phases that have ended, in order of their beginning. */
  get phases(): readonly Phase[] {
    return [...this.#phases].sort((a, b) => a.startMs - b.startMs);
  }

  /**
   * Starts a phase; the returned function ends it, the first time it is called.
   * @param name what is happening
   */
  begin(name: string): () => void {
    const startMs = this.#clock() - this.#originMs;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#phases.push({ name, startMs, durationMs: this.#clock() - this.#originMs - startMs });
    };
  }

  /**
   * Measures one asynchronous step; a failing step is not recorded.
   * @param name what is happening
   * @param run the step
   */
  async measure<T>(name: string, run: () => Promise<T>): Promise<T> {
    const end = this.begin(name);
    const result = await run();
    end();
    return result;
  }
}
