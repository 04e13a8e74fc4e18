// SPDX-License-Identifier: Apache-2.0
import type { BenchmarkCase, Effort, Figures, PreparedBenchmark } from './benchmark.ts';

/** The rounds of one case, by subject, in the order they were run. */
export type CaseRounds = Readonly<Record<string, readonly Figures[]>>;

/** The rounds of all cases, by case. */
export type AllRounds = Readonly<Record<string, CaseRounds>>;

/**
 * Measures every case. Subjects take turns within a round, and each round starts with another one, so that a machine
 * whose speed drifts treats all alike. A first round, the warm-up, is thrown away.
 */
export async function runRounds(
  benchmark: PreparedBenchmark,
  effort: Effort,
  onProgress: (text: string) => void,
): Promise<AllRounds> {
  const all: Record<string, CaseRounds> = {};
  const everyone = benchmark.subjects.map(({ name }) => name);
  for (const each of benchmark.cases) {
    const subjects = everyone.filter((name) => each.subjects?.includes(name) ?? true);
    const rounds = each.once === true ? 1 : effort.rounds;
    all[each.name] = await runCase(each, subjects, rounds, (round) =>
      onProgress(`${each.title}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`),
    );
  }
  return all;
}

async function runCase(
  { measure, once }: BenchmarkCase,
  subjects: readonly string[],
  rounds: number,
  onRound: (round: number) => void,
): Promise<CaseRounds> {
  const figures = new Map(subjects.map((subject): [string, Figures[]] => [subject, []]));
  for (let round = once === true ? 1 : 0; round <= rounds; round++) {
    onRound(round);
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const seen = await measure(subject);
      if (round > 0) figures.get(subject)?.push(seen);
    }
  }
  return Object.fromEntries(figures);
}
