// SPDX-License-Identifier: Apache-2.0
import { tableLine } from '@hako/agent-grid/report';
import type { JudgedRow } from '../proofs/judge.ts';
import type { Ground, Proof } from '../proofs/proof.ts';

const introduction = `# Status of the host side

Drawn by \`npm test\` from the titles of tests that passed; nothing here is written by hand. A test names the rows it proves
at the end of its title: \`… [proves vm.stop, plug vcpus]\`. Each cell has one such test and how many more there are.

- **Fakes**: against fakes of what lies beyond the code, or on the machine of the tests alone.
- **Socket pair**: the host's code and a real agent, joined by sockets.
- **Real guest**: a virtual machine.
- **·**: left out, for the reason below the table. **missing**: nothing was seen.
`;

const columns: readonly { readonly head: string; readonly ground: Ground }[] = [
  { head: 'Fakes', ground: 'fake' },
  { head: 'Socket pair', ground: 'pair' },
  { head: 'Real guest', ground: 'guest' },
];

function escapeCell(text: string): string {
  return text.replaceAll(/[\\|[\]*_<>`]/g, String.raw`\$&`);
}

function cellOf(row: JudgedRow, ground: Ground): string {
  const [first, ...more] = row.proofs.filter((proof) => proof.ground === ground);
  if (first !== undefined) return `${link(first)}${more.length === 0 ? '' : ` +${more.length}`}`;
  const isNeeded =
    ground === 'guest' ? row.lacks !== undefined : ground === 'fake' && row.lacks === 'everywhere';
  if (!isNeeded) return '';
  return row.reason === undefined ? '**missing**' : '·';
}

function link({ title, file }: Proof): string {
  return `[${escapeCell(title)}](../${file})`;
}

function rowLine(row: JudgedRow): string {
  const name = row.upstream === undefined ? row.name : `${row.name} (${row.upstream})`;
  return tableLine([escapeCell(name), ...columns.map(({ ground }) => cellOf(row, ground))]);
}

function reasonsOf(rows: readonly JudgedRow[]): readonly string[] {
  const reasons = new Map<string, string[]>();
  for (const { name, reason } of rows) {
    if (reason !== undefined) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  }
  return [...reasons].map(([reason, names]) => `- ${escapeCell(names.join(', '))}: ${reason}`);
}

function sectionOf(title: string, rows: readonly JudgedRow[]): string {
  const head = ['', ...columns.map((column) => column.head)];
  const reasons = reasonsOf(rows);
  return [
    `## ${title}`,
    '',
    tableLine(head),
    tableLine(head.map(() => '---')),
    ...rows.map(rowLine),
    '',
    ...(reasons.length === 0 ? [] : [...reasons, '']),
  ].join('\n');
}

/** The page that shows the rows, in Markdown. */
export function statusPage(rows: readonly JudgedRow[]): string {
  const sections = [...new Set(rows.map(({ section }) => section))];
  return [
    introduction,
    ...sections.map((section) =>
      sectionOf(
        section,
        rows.filter((row) => row.section === section),
      ),
    ),
  ].join('\n');
}
