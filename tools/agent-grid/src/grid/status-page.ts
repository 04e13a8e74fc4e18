// SPDX-License-Identifier: Apache-2.0
import { tableLine } from '../report/table-line.ts';
import { emptyColumns, type GridRow } from './grid.ts';

const columns = ['RPC', 'Good', 'Errors', 'In guest', 'Errors in guest'] as const;

const introduction = `# Status of the agent's API

Drawn by \`npm test\` from the answers that agents have given in tests that passed; nothing here is written by hand. An
answer counts for an RPC when the test's title begins with its name.

- **Good**: succeeded stand-alone, over a pair of sockets, against fakes or with real containers of the test machine.
- **Errors**: the statuses it has failed with there. PERMISSION_DENIED is the policy's.
- **In guest**, **Errors in guest**: the same against the agent as PID 1 of a virtual machine.
- **·**: left out, for the reason below. **missing**: nothing was seen.
`;

function cell(
  row: GridRow,
  column: 'good' | 'errors' | 'in guest' | 'errors in guest',
  text: string,
): string {
  if (emptyColumns(row).includes(column)) return text === '' ? '**missing**' : `${text} **missing**`;
  return text === '' ? '·' : text;
}

function rowLine(row: GridRow): string {
  const good = (seen: boolean): string => (seen ? '✓' : '');
  return tableLine([
    row.method,
    cell(row, 'good', good(row.good)),
    cell(row, 'errors', row.errors.join(' ')),
    cell(row, 'in guest', good(row.goodInGuest)),
    cell(row, 'errors in guest', row.errorsInGuest.join(' ')),
  ]);
}

function section(service: string, rows: readonly GridRow[]): string {
  const head = [tableLine(columns), tableLine(columns.map(() => '---'))];
  return [`## ${service}`, '', ...head, ...rows.map(rowLine), ''].join('\n');
}

/** The page that shows the grid, in Markdown. */
export function statusPage(rows: readonly GridRow[]): string {
  const services = [...new Set(rows.map(({ service }) => service))];
  const sections = services.map((service) =>
    section(
      service,
      rows.filter((row) => row.service === service),
    ),
  );
  const reasons = rows.flatMap(({ method, exclusions }) =>
    exclusions.map((exclusion) => `- ${method}, ${exclusion.columns.join(', ')}: ${exclusion.reason}`),
  );
  const leftOut = reasons.length === 0 ? [] : ['## Left out', '', ...reasons, ''];
  return [introduction, ...sections, ...(leftOut.length === 0 ? [] : [leftOut.join('\n')])].join('\n');
}
