// SPDX-License-Identifier: Apache-2.0

/** One entry of an {@link UndoStack}. */
interface UndoStep {
  readonly name: string;
  readonly undo: () => Promise<void> | void;
}

/** A failure of one undo step; the steps below it ran all the same. */
export interface UndoFailure {
  /** The step that failed. */
  readonly step: string;
  /** What it threw. */
  readonly error: unknown;
}

/**
 * Remembers how to take back what was done. Each step that succeeds pushes its reversal; {@link UndoStack.unwind} runs
 * them last-first, exactly once each, and goes on past failures so that one stuck resource does not leak the others.
 */
export class UndoStack {
  readonly #steps: UndoStep[] = [];
  #unwinding: Promise<readonly UndoFailure[]> | undefined;

  /**
   * Adds a reversal.
   * @param name what it takes back, for reports
   * @param undo the reversal; must bound its own time
   */
  push(name: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ name, undo });
  }

  /** Runs all reversals, last first. Later calls wait for the first one. */
  unwind(): Promise<readonly UndoFailure[]> {
    this.#unwinding ??= this.#run();
    return this.#unwinding;
  }

  async #run(): Promise<readonly UndoFailure[]> {
    const failures: UndoFailure[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        failures.push({ step: step.name, error });
      }
    }
    return failures;
  }
}
