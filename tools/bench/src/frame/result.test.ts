// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { judge } from './result.ts';

const rounds = {
  latency: {
    ours: [{ p50: 10 }, { p50: 30 }, { p50: 12 }],
    theirs: [{ p50: 20 }, { p50: 60 }, { p50: 10 }],
  },
};

const target = {
  case: 'latency',
  figure: 'p50',
  subject: 'ours',
  against: { subject: 'theirs', figure: 'p50' },
} as const;

test.each([
  { bound: 'at most', ratio: 0.7, met: true },
  { bound: 'at most', ratio: 0.4, met: false },
  { bound: 'at least', ratio: 0.5, met: true },
  { bound: 'at least', ratio: 0.6, met: false },
] as const)('a ratio of a half is $met for $bound $ratio', ({ bound, ratio, met }) => {
  expect(judge([{ ...target, bound, ratio }], rounds)).toMatchObject([{ measured: 0.5, met }]);
});

test('a target against a subject that was not measured is not met', () => {
  const against = { subject: 'missing', figure: 'p50' };
  expect(judge([{ ...target, against, bound: 'at most', ratio: 1 }], rounds)).toMatchObject([
    { measured: undefined, met: false },
  ]);
});
