// SPDX-License-Identifier: Apache-2.0

/** Upper bounds of the buckets in milliseconds; what took longer counts only in the total. */
export const durationBucketsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const;

/** How long the calls of one method took. */
export interface CallHistogram {
  readonly method: string;
  /** Calls per bucket of {@link durationBucketsMs}, not cumulated. */
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

/**
 * Counts how long calls took: one addition per call, into arrays of fixed size, so that it can always be on. Methods are
 * those of the descriptor, so their number is bounded.
 */
export interface CallDurations {
  /** Adds a call that has ended, with whatever result. */
  add(method: string, durationMs: number): void;
  /** The methods that have been called, in the order of their first call. */
  readonly histograms: readonly CallHistogram[];
}

/** A {@link CallDurations} that has seen nothing. */
export function createCallDurations(): CallDurations {
  const table = new Map<string, { buckets: number[]; count: number; sumMs: number }>();
  return {
    add(method, durationMs) {
      let entry = table.get(method);
      if (entry === undefined) {
        entry = { buckets: durationBucketsMs.map(() => 0), count: 0, sumMs: 0 };
        table.set(method, entry);
      }
      entry.count += 1;
      entry.sumMs += durationMs;
      const index = durationBucketsMs.findIndex((bound) => durationMs <= bound);
      if (index >= 0) entry.buckets[index] = (entry.buckets[index] ?? 0) + 1;
    },
    get histograms() {
      return [...table].map(([method, entry]) => ({ method, ...entry }));
    },
  };
}
