// SPDX-License-Identifier: Apache-2.0
import type { FigureInfo } from './benchmark.ts';
import type { JudgedTarget, Result, ResultRow } from './result.ts';

/** A number as it is read: thousands set apart, as many digits as the figure is good for. */
export function formatNumber(value: number, digits: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A row's title: what was done, and which figure of it. */
export function rowTitle({ title, figure }: ResultRow): string {
  return `${title}: ${figure.title}${figure.unit === '' ? '' : ` (${figure.unit})`}`;
}

/** The median of a subject in a row, a dash where it was not measured. */
export function cell(row: ResultRow, subject: string): string {
  const summary = row.summaries[subject];
  return summary === undefined ? '–' : formatNumber(summary.median, row.figure.digits);
}

/** A target as a sentence's parts: what, the aim, the measured ratio, the verdict. */
export function targetCells(target: JudgedTarget, result: Result): [string, string, string, string] {
  const row = result.rows.find((each) => each.case === target.case && each.figure.name === target.figure);
  const title = row === undefined ? target.case : `${row.title}: ${row.figure.title}`;
  const sign = target.bound === 'at most' ? '≤' : '≥';
  return [
    title,
    `${sign} ${target.ratio} × ${againstTitle(target, result)}`,
    target.measured === undefined ? 'not measured' : `${formatNumber(target.measured, 2)} ×`,
    target.met ? 'met' : 'missed',
  ];
}

function againstTitle({ case: name, subject, against }: JudgedTarget, { rows, subjects }: Result): string {
  if (against.subject !== subject)
    return subjects.find((each) => each.name === against.subject)?.title ?? against.subject;
  const figure: FigureInfo | undefined = rows.find(
    (row) => row.case === name && row.figure.name === against.figure,
  )?.figure;
  return figure?.title ?? against.figure;
}
