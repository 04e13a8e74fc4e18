// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { cell, formatNumber, rowTitle, targetCells } from './format.ts';
import type { Result } from './result.ts';

/** The section for docs/performance.md, made by the run whose figures it shows. */
export function markdownSection(result: Result, plotPath: string | undefined): string {
  const { machine, subjects, rows, targets, notes, effort } = result;
  const paragraphs = [
    `## ${result.title}`,
    `Made by \`npm run bench -- ${result.benchmark} --write FILE\` on ${result.date}: ${machine.processors} × ` +
      `${machine.processor}, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}. ` +
      `Median of ${effort.rounds} rounds after a warm-up (in brackets: the lowest and the highest round), all ` +
      'subjects in turn within each round.' +
      (effort.scale === 1 ? '' : ` A short run: ${formatNumber(effort.scale * 100, 0)} % of the work.`),
    notes.map((note) => `- ${note}`).join('\n'),
    table([
      ['', ...subjects.map(({ title }) => title)],
      ...rows.map((row) => [
        rowTitle(row),
        ...subjects.map(({ name }) => {
          const summary = row.summaries[name];
          if (summary === undefined) return '–';
          const [low, high] = [summary.min, summary.max].map((value) =>
            formatNumber(value, row.figure.digits),
          );
          return `**${cell(row, name)}** (${low} – ${high})`;
        }),
      ]),
    ]),
    ...(plotPath === undefined ? [] : [`![${result.title}](${basename(plotPath)})`]),
    ...(targets.length === 0
      ? []
      : [
          'Ratios are medians of the ratios of single rounds.',
          table([
            ['Target', 'Aim', 'Measured', 'Verdict'],
            ...targets.map((target) => targetCells(target, result)),
          ]),
        ]),
  ];
  return `${paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')}\n`;
}

function table(lines: readonly (readonly string[])[]): string {
  const [head = [], ...body] = lines;
  const render = (line: readonly string[]): string => `| ${line.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, rule, ...body].map(render).join('\n');
}
