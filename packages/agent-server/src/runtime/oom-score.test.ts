// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startWithOomScore } from './oom-score.ts';

const file = '/proc/self/oom_score_adj';
const own = () => readFileSync(file, 'utf8').trim();
const scoreOfChild = () => execFileSync('cat', [file], { encoding: 'utf8' }).trim();

test('a child begins with the score, and the agent keeps its own', () => {
  const before = own();
  expect(startWithOomScore(777, scoreOfChild)).toBe('777');
  expect(own()).toBe(before);
  expect(startWithOomScore(undefined, scoreOfChild)).toBe(before);
});

test('the agent keeps its own score when the start fails', () => {
  const before = own();
  expect(() =>
    startWithOomScore(1n, () => {
      throw new Error('no such program');
    }),
  ).toThrow('no such program');
  expect(() => startWithOomScore(5000, scoreOfChild)).toThrow('EINVAL');
  expect(own()).toBe(before);
});
