// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { addUp, summaryLine } from './test-results.mjs';

const file = (status: string, ...statuses: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: statuses.map((each, index) => ({ fullName: `test ${index}`, status: each })),
});

const run = (report?: Parameters<typeof addUp>[0][number]['report'], code = 0) => ({
  project: 'unit',
  code,
  report,
});

test.each([
  [
    'adds the runs up',
    [
      run({ testResults: [file('passed', 'passed', 'passed')] }),
      run({ testResults: [file('failed', 'failed', 'passed')] }, 1),
    ],
    '3 passed, 1 failed, 0 skipped',
  ],
  [
    'counts a file that did not load as one failure',
    [run({ testResults: [file('failed')] }, 1)],
    '0 passed, 1 failed, 0 skipped',
  ],
  [
    'counts a file whose hook threw as one failure',
    [run({ testResults: [file('failed', 'passed', 'skipped')] }, 1)],
    '1 passed, 1 failed, 1 skipped',
  ],
  ['counts a run without a report as one failure', [run(undefined, 1)], '0 passed, 1 failed, 0 skipped'],
  [
    'counts an error beside the tests as one failure',
    [run({ testResults: [file('passed', 'passed')] }, 1)],
    '1 passed, 1 failed, 0 skipped',
  ],
  [
    'counts whatever did not run as skipped',
    [run({ testResults: [file('passed', 'skipped', 'pending', 'todo')] })],
    '0 passed, 0 failed, 3 skipped',
  ],
  ['knows that nothing ran', [run({ testResults: [] })], '0 passed, 0 failed, 0 skipped'],
])('%s', (_, reports, line) => {
  expect(summaryLine(addUp(reports))).toBe(line);
});

test('names what was skipped', () => {
  expect(addUp([run({ testResults: [file('passed', 'passed', 'skipped')] })]).skippedNames).toEqual([
    'test 1',
  ]);
});

test('names what passed at the second attempt, with what it said before', () => {
  const assertionResults = [
    { fullName: 'boots', status: 'passed', failureMessages: ['Error: no answer\n    at a.ts:1'] },
    { fullName: 'stops', status: 'passed', failureMessages: [] },
  ];
  const totals = addUp([run({ testResults: [{ ...file('passed'), assertionResults }] })]);
  expect(totals.secondAttempts).toEqual([{ name: 'boots', message: 'Error: no answer' }]);
  expect(summaryLine(totals)).toBe('2 passed, 0 failed, 0 skipped');
});

test('names what failed, with the first line of what it says', () => {
  const testResults = [
    {
      ...file('failed'),
      assertionResults: [
        { fullName: 'boots', status: 'failed', failureMessages: ['Error: no boot\n    at a.ts:1'] },
      ],
    },
    { ...file('failed'), message: '\nSyntaxError: b\nmore' },
  ];
  expect(addUp([run({ testResults }, 1), run(undefined, 1)]).failures).toEqual([
    { name: 'boots', message: 'Error: no boot' },
    { name: 'a.test.ts', message: 'SyntaxError: b' },
    { name: 'tests of unit', message: 'left no report' },
  ]);
});
