// SPDX-License-Identifier: Apache-2.0
import { escapeText } from './escape-text.ts';

/** Blanks between two columns. */
const gap = 3;

/**
 * Lays text out in columns, as container engines do: a heading, then one line per row, columns as wide as need be.
 * Cells may come from outside; they are made fit to print.
 * @param headings names of the columns
 * @param rows the cells, as many as there are headings
 */
export function columns(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(escapeText))];
  const widths = headings.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd((widths[index] ?? 0) + gap))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
