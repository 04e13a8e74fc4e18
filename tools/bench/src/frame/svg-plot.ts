// SPDX-License-Identifier: Apache-2.0
import { formatNumber } from './format.ts';
import type { Result, ResultRow } from './result.ts';

// Written by hand: one kind of chart, a dozen lines of it, and no dependency that draws hundreds.
const width = 760;
const labelWidth = 150;
const valueWidth = 170;
const barHeight = 18;
const barGap = 4;
const panelGap = 34;
const palette = ['#3a6ea5', '#6aa84f', '#e69138', '#a64d79', '#999999', '#45818e'];

/** A bar for every subject, a panel for every case; each panel has its own scale. A line goes from the lowest to the highest round. */
export function svgPlot(result: Result): string {
  const plotted = result.rows.filter(
    (row, at) => result.rows.findIndex((each) => each.case === row.case) === at,
  );
  let y = 10;
  const panels = plotted.map((row) => {
    const drawn = panel(row, result, y);
    y += drawn.height + panelGap;
    return drawn.svg;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" ` +
      'font-family="system-ui, sans-serif" font-size="13">',
    `<title>${escape(result.title)}</title>`,
    `<rect width="${width}" height="${y}" fill="#ffffff"/>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function panel(row: ResultRow, { subjects }: Result, top: number): { svg: string; height: number } {
  const { figure, title, summaries } = row;
  const longest = Math.max(...Object.values(summaries).map(({ max }) => max));
  const scale = (value: number): number => (value / longest) * (width - labelWidth - valueWidth);
  const heading = `${title}: ${figure.title}, ${figure.unit} (${figure.better} is better)`;
  const lines = [`<text x="0" y="${top + 14}" font-weight="600">${escape(heading)}</text>`];
  let y = top + 24;
  for (const [at, { name, title: subject }] of subjects.entries()) {
    const summary = summaries[name];
    if (summary === undefined) continue;
    const middle = y + barHeight / 2;
    const end = labelWidth + scale(summary.max);
    lines.push(
      `<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escape(subject)}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${round(scale(summary.median))}" height="${barHeight}" fill="${palette[at % palette.length] ?? '#000000'}"/>`,
      `<path d="M${round(labelWidth + scale(summary.min))} ${middle}H${round(end)}" stroke="#222222" fill="none"/>`,
      `<text x="${round(end + 8)}" y="${middle + 4}">${formatNumber(summary.median, figure.digits)}</text>`,
    );
    y += barHeight + barGap;
  }
  return { svg: lines.join('\n'), height: y - top };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
