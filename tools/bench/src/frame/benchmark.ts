// SPDX-License-Identifier: Apache-2.0

/** What one round of one case yields, by figure name. */
export type Figures = Readonly<Record<string, number>>;

/** How a figure is named, read and judged. */
export interface FigureInfo {
  /** Key in {@link Figures}. */
  readonly name: string;
  /** Column or axis text, with what is counted. */
  readonly title: string;
  /** Unit as it is printed. */
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  /** Which direction is good. */
  readonly better: 'lower' | 'higher';
}

/** One thing that is measured, for every subject. */
export interface BenchmarkCase {
  readonly name: string;
  readonly title: string;
  /** The first is the one that is plotted. */
  readonly figures: readonly [FigureInfo, ...FigureInfo[]];
  /** Measured once, without a warm-up; for what takes long and does not vary. */
  readonly once?: true;
  /** The names of those that are measured. Default: all. */
  readonly subjects?: readonly string[];
  /** Does one round. */
  readonly measure: (subject: string) => Promise<Figures>;
}

/** What is aimed at: a ratio between two subjects, or, with `figure` of another, between two figures of one. */
export interface Target {
  readonly case: string;
  readonly figure: string;
  readonly subject: string;
  readonly against: { readonly subject: string; readonly figure: string };
  readonly bound: 'at most' | 'at least';
  readonly ratio: number;
}

/** How long and how often is measured. */
export interface Effort {
  /** Rounds that count; one more is the warm-up. */
  readonly rounds: number;
  /** 1 is a full measurement; less does that share of the work in each round. */
  readonly scale: number;
}

/** What a benchmark hands over when its processes run. */
export interface PreparedBenchmark extends AsyncDisposable {
  /** Who is compared, in the order of the columns. */
  readonly subjects: readonly { readonly name: string; readonly title: string }[];
  readonly cases: readonly BenchmarkCase[];
  readonly targets: readonly Target[];
  /** Versions and other facts a reader needs. */
  readonly notes: readonly string[];
}

/** A benchmark: one folder below src, one line in benchmarks.ts. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** Starts what is measured. */
  readonly prepare: (effort: Effort) => Promise<PreparedBenchmark>;
}
