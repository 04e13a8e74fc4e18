// SPDX-License-Identifier: Apache-2.0

/** The steps of a sandbox's life that are measured, in the order in which they usually begin. */
export const phaseNames = [
  'prepare host',
  'claim name',
  'start file sharing',
  'start virtual machine',
  'boot guest',
  'save template',
  'plug file sharing',
  'attach network',
  'create sandbox',
  'share container files',
  'attach devices',
  'create container',
  'start container',
  'first byte',
  'write record',
  'teardown',
  'end guest',
  'take back',
  'remove run directory',
] as const;

/** One of {@link phaseNames}. */
export type PhaseName = (typeof phaseNames)[number];

/** Is told of each phase when it begins. */
export type PhaseObserver = (name: PhaseName) => void;

/** One measured stretch of a sandbox's life. */
export interface Phase {
  /** What happened, in a few words. */
  readonly name: PhaseName;
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
  readonly #onBegin: PhaseObserver;

  /**
   * @param clock the clock; default `performance.now`
   * @param onBegin is told of each phase
   */
  constructor(clock: Clock = () => performance.now(), onBegin: PhaseObserver = () => undefined) {
    this.#clock = clock;
    this.#originMs = clock();
    this.#onBegin = onBegin;
  }

  /** The phases that have ended, in order of their beginning. */
  get phases(): readonly Phase[] {
    return [...this.#phases].sort((a, b) => a.startMs - b.startMs);
  }

  /**
   * Starts a phase; the returned function ends it, the first time it is called.
   * @param name what is happening
   */
  begin(name: PhaseName): () => void {
    this.#onBegin(name);
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
  async measure<T>(name: PhaseName, run: () => Promise<T>): Promise<T> {
    const end = this.begin(name);
    const result = await run();
    end();
    return result;
  }
}
