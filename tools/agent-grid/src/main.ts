// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';
import { readExclusions } from './grid/exclusions.ts';
import { drawGrid, emptyColumns, needlessExclusions } from './grid/grid.ts';
import { statusPage } from './grid/status-page.ts';
import { readAnswers } from './grid/test-report.ts';
import { writePage } from './report/write-page.ts';

const workspaceRoot = resolve(import.meta.dirname, '../../..');
const pagePath = join(workspaceRoot, 'docs/agent-api-status.md');
const exclusionsPath = join(import.meta.dirname, 'exclusions.json');

const usage = `usage: agent-grid REPORT...

Draws docs/agent-api-status.md from reports of Vitest's JSON reporter.
Exit code 1 when guests have run and the grid has a gap, or an exclusion is needless.`;

/** Prints what is wrong with the grid, and answers with the exit code. */
async function main(reports: readonly string[]): Promise<number> {
  if (reports.length === 0 || reports.includes('--help')) {
    console.error(usage);
    return reports.length === 0 ? 2 : 0;
  }
  const exclusions = await readExclusions(exclusionsPath);
  const answers = (await Promise.all(reports.map((path) => readAnswers(path)))).flat();
  const services = [AgentServiceDefinition, HealthDefinition, ProcessIODefinition];
  const rows = drawGrid(services, answers, exclusions);
  if (await writePage(pagePath, statusPage(rows)))
    console.log('agent api: docs/agent-api-status.md has been drawn anew: commit it');
  if (!answers.some(({ kind }) => kind === 'guest')) {
    console.log('agent api: no guest has run, so gaps are not judged');
    return 0;
  }
  const problems = [
    ...rows.flatMap((row) => emptyColumns(row).map((column) => `nothing seen of ${row.method}: ${column}`)),
    ...needlessExclusions(rows, exclusions).map((what) => `needless exclusion: ${what}`),
  ];
  for (const problem of problems) console.log(`agent api: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
