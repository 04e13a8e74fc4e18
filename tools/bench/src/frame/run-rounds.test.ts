// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { PreparedBenchmark } from './benchmark.ts';
import { runRounds } from './run-rounds.ts';

test('subjects take turns, each round starts with another, and the warm-up does not count', async () => {
  const turns: string[] = [];
  const benchmark: PreparedBenchmark = {
    subjects: [
      { name: 'a', title: 'A' },
      { name: 'b', title: 'B' },
    ],
    cases: [
      {
        name: 'case',
        title: 'Case',
        figures: [{ name: 'turn', title: 'turn', unit: '', digits: 0, better: 'lower' }],
        measure: (subject) => Promise.resolve({ turn: turns.push(subject) }),
      },
    ],
    targets: [],
    notes: [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };

  const rounds = await runRounds(benchmark, { rounds: 2, scale: 1 }, () => undefined);

  expect(turns.join('')).toBe('abbaab');
  expect(rounds).toEqual({ case: { a: [{ turn: 4 }, { turn: 5 }], b: [{ turn: 3 }, { turn: 6 }] } });
});
