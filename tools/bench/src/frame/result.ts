// SPDX-License-Identifier: Apache-2.0
import type { Effort, FigureInfo, PreparedBenchmark, Target } from './benchmark.ts';
import type { Machine } from './machine.ts';
import type { AllRounds, CaseRounds } from './run-rounds.ts';
import { median } from './statistics.ts';

/** A figure of one subject over the rounds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One figure of one case, for every subject. */
export interface ResultRow {
  readonly case: string;
  readonly title: string;
  readonly figure: FigureInfo;
  readonly summaries: Readonly<Record<string, Summary>>;
}

/** A target beside what was measured. */
export interface JudgedTarget extends Target {
  /** The median of the ratios of the single rounds. `undefined`: one of the two was not measured. */
  readonly measured: number | undefined;
  readonly met: boolean;
}

/** All that a run found out; what the JSON file holds. */
export interface Result {
  readonly benchmark: string;
  readonly title: string;
  readonly date: string;
  readonly machine: Machine;
  readonly effort: Effort;
  readonly notes: readonly string[];
  readonly subjects: PreparedBenchmark['subjects'];
  readonly rows: readonly ResultRow[];
  readonly targets: readonly JudgedTarget[];
  readonly rounds: AllRounds;
}

/** Sums up the rounds, row by row. */
export function summarize({ cases }: PreparedBenchmark, rounds: AllRounds): ResultRow[] {
  return cases.flatMap(({ name, title, figures }) =>
    figures.map((figure) => ({
      case: name,
      title,
      figure,
      summaries: Object.fromEntries(
        Object.entries(rounds[name] ?? {}).flatMap(([subject, seen]) => {
          const values = seen.flatMap((figuresOfRound) => figuresOfRound[figure.name] ?? []);
          if (values.length === 0) return [];
          return [[subject, { median: median(values), min: Math.min(...values), max: Math.max(...values) }]];
        }),
      ),
    })),
  );
}

/** Holds what was measured against the targets. */
export function judge(targets: readonly Target[], rounds: AllRounds): JudgedTarget[] {
  return targets.map((target) => {
    const measured = ratioOf(target, rounds[target.case] ?? {});
    const met =
      measured !== undefined &&
      (target.bound === 'at most' ? measured <= target.ratio : measured >= target.ratio);
    return { ...target, measured, met };
  });
}

/** The two sides of a round were measured within seconds of each other; their ratio outlives a drift of the machine. */
function ratioOf({ subject, figure, against }: Target, rounds: CaseRounds): number | undefined {
  const others = rounds[against.subject] ?? [];
  const ratios = (rounds[subject] ?? []).flatMap((round, at) => {
    const [one, other] = [round[figure], others[at]?.[against.figure]];
    return one === undefined || other === undefined ? [] : [one / other];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}
