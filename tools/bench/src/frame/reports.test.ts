// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Result } from './result.ts';
import { markdownSection } from './markdown-section.ts';
import { svgPlot } from './svg-plot.ts';
import { textReport } from './text-table.ts';

const result: Result = {
  benchmark: 'demo',
  title: 'A <demo>',
  date: '2026-01-01',
  machine: { processor: 'P', processors: 2, memoryGib: 4, kernel: '6.1', node: '26' },
  effort: { rounds: 5, scale: 1 },
  notes: ['one note'],
  subjects: [
    { name: 'ours', title: 'Ours' },
    { name: 'theirs', title: 'Theirs' },
    { name: 'absent', title: 'Absent' },
  ],
  rows: [
    {
      case: 'speed',
      title: 'Speed',
      figure: { name: 'rate', title: 'calls', unit: '1/s', digits: 0, better: 'higher' },
      summaries: {
        ours: { median: 1500, min: 1000, max: 2000 },
        theirs: { median: 500, min: 400, max: 600 },
      },
    },
  ],
  targets: [
    {
      case: 'speed',
      figure: 'rate',
      subject: 'ours',
      against: { subject: 'theirs', figure: 'rate' },
      bound: 'at least',
      ratio: 2,
      measured: 3,
      met: true,
    },
  ],
  rounds: {},
};

test('the plot has a bar for every subject that was measured, and escapes what it prints', () => {
  const svg = svgPlot(result);
  expect(svg.match(/<rect x="150"/g)).toHaveLength(2);
  expect(svg).toContain('A &lt;demo&gt;');
});

test('the text report lines its columns up and shows a dash for what was not measured', () => {
  expect(textReport(result)).toBe(
    [
      'median of the rounds   Ours  Theirs  Absent',
      '-------------------------------------------',
      'Speed: calls (1/s)    1,500     500       –',
      '',
      'target                 aim  measured  verdict',
      '---------------------------------------------',
      'Speed: calls  ≥ 2 × Theirs    3.00 ×      met',
      '',
    ].join('\n'),
  );
});

test('the section for the documentation names the command that made it', () => {
  const section = markdownSection(result, '/some/folder/demo.svg');
  expect(section).toContain('`npm run bench -- demo --write FILE`');
  expect(section).toContain('| Speed: calls (1/s) | **1,500** (1,000 – 2,000) | **500** (400 – 600) | – |');
  expect(section).toContain('![A <demo>](demo.svg)');
});
