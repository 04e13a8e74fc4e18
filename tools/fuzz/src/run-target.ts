// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';

import type { FuzzTarget } from './fuzz-target.ts';

/** How long, and from where. */
export interface RunOptions {
  readonly milliseconds: number;
  readonly seed: number;
  /** Leads to one input: what an earlier run printed. */
  readonly path?: string;
}

/** What a run has shown. */
export interface RunResult {
  readonly runs: number;
  readonly finding?: {
    /** With the seed this leads to the input again. */
    readonly path: string;
    /** The smallest input that was found, as text. */
    readonly input: string;
    readonly error: string;
    /** Steps by which the input was made smaller. */
    readonly shrinks: number;
  };
}

/** As many runs as time allows. */
const manyRuns = 2 ** 31 - 1;

/** Tries inputs on a target until time is over or one breaks its claim. */
export async function runTarget(
  target: FuzzTarget,
  corpus: readonly Uint8Array[],
  { milliseconds, seed, path }: RunOptions,
): Promise<RunResult> {
  const result = await fc.check(target.property(corpus), {
    seed,
    numRuns: path === undefined ? manyRuns : 1,
    interruptAfterTimeLimit: milliseconds,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  });
  if (!result.failed || result.counterexample === null) return { runs: result.numRuns };
  return {
    runs: result.numRuns,
    finding: {
      path: result.counterexamplePath,
      input: result.counterexample.map((value) => fc.stringify(value)).join('\n'),
      error: describe(result.errorInstance),
      shrinks: result.numShrinks,
    },
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? error.message;
  return error.cause === undefined ? text : `${text}\ncaused by ${describe(error.cause)}`;
}
