// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { statusPage } from '../page/status-page.ts';
import { allRows } from '../rows/all-rows.ts';
import type { StatusRow } from '../rows/status-row.ts';
import type { KnownGap } from './gaps.ts';
import { judgeRows, problemsOf } from './judge.ts';
import { proofsOf } from './proof.ts';

const rows: readonly StatusRow[] = ['start', 'stop', 'plug gpu'].map((name) => ({
  section: 'Machine',
  name,
}));

// Put together, so that this file claims nothing itself.
const claim = (names: string): string => ['[proves', `${names}]`].join(' ');

const proofs = proofsOf(
  [
    { file: '/w/packages/a/src/a.test.ts', title: `machine starts ${claim('start, stop')}`, meta: {} },
    { file: '/w/packages/a/src/a.test.ts', title: `${claim('start')} and | again`, meta: {} },
    { file: '/w/tools/host-and-guest/src/b.test.ts', title: `both ${claim('start')}`, meta: {} },
    { file: '/w/packages/a/src/a.vm.test.ts', title: `real ${claim('start')}`, meta: {} },
    { file: '/w/packages/a/src/a.vm.test.ts', title: 'in silence', meta: { proves: ['start'] } },
  ],
  '/w',
);

describe('rows', () => {
  test('have names that a title can hold, each its own', () => {
    const names = allRows.map(({ name }) => name);
    expect(names.filter((name) => /[,[\]]/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('proofs', () => {
  test('come from titles and notes, and from where the test ran', () => {
    expect(proofs).toEqual([
      { row: 'start', ground: 'fake', file: 'packages/a/src/a.test.ts', title: 'machine starts' },
      { row: 'stop', ground: 'fake', file: 'packages/a/src/a.test.ts', title: 'machine starts' },
      { row: 'start', ground: 'fake', file: 'packages/a/src/a.test.ts', title: ' and | again' },
      { row: 'start', ground: 'pair', file: 'tools/host-and-guest/src/b.test.ts', title: 'both' },
      { row: 'start', ground: 'guest', file: 'packages/a/src/a.vm.test.ts', title: 'real' },
      { row: 'start', ground: 'guest', file: 'packages/a/src/a.vm.test.ts', title: 'in silence' },
    ]);
  });

  test('that are missing need a reason, and a reason needs a gap', () => {
    expect(problemsOf(judgeRows(rows, proofs, []), proofs, [])).toEqual([
      'not seen in a guest: stop',
      'not seen at all: plug gpu',
    ]);
    const gaps: KnownGap[] = [
      { rows: ['stop', 'start'], lacks: 'guest', reason: 'too loud' },
      { rows: ['plug gpu', 'sing'], lacks: 'everywhere', reason: 'there is none' },
    ];
    const judged = judgeRows(rows, proofs, gaps);
    expect(problemsOf(judged, proofs, gaps)).toEqual([
      'needless reason: start (guest)',
      'needless reason: sing (everywhere)',
    ]);
    const page = statusPage(judged);
    expect(page).toContain(
      '| start | [machine starts](../packages/a/src/a.test.ts) +1 | [both](../tools/host-and-guest/src/b.test.ts) | [real](../packages/a/src/a.vm.test.ts) +1 |',
    );
    expect(page).toContain('| plug gpu | · |  | · |\n');
    expect(page).toContain('- stop: too loud\n');
  });

  test('of what is no row are told', () => {
    const stray = proofsOf([{ file: '/w/x.test.ts', title: claim('sign'), meta: undefined }], '/w');
    expect(problemsOf([], stray, [])).toEqual(['a test proves what is no row: sign (x.test.ts)']);
  });
});
