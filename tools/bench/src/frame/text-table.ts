// SPDX-License-Identifier: Apache-2.0
import { cell, rowTitle, targetCells } from './format.ts';
import type { Result } from './result.ts';

/** The result for a terminal. */
export function textReport(result: Result): string {
  const { subjects, rows, targets } = result;
  const figures = textTable([
    ['median of the rounds', ...subjects.map(({ title }) => title)],
    ...rows.map((row) => [rowTitle(row), ...subjects.map(({ name }) => cell(row, name))]),
  ]);
  if (targets.length === 0) return figures;
  const aims = textTable([
    ['target', 'aim', 'measured', 'verdict'],
    ...targets.map((target) => targetCells(target, result)),
  ]);
  return `${figures}\n${aims}`;
}

/** Columns side by side; the first is text, the others are set to the right. */
function textTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const render = (line: readonly string[]): string =>
    line
      .map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join('  ');
  const [head, ...body] = lines.map(render);
  return [head, '-'.repeat(head?.length ?? 0), ...body, ''].join('\n');
}
