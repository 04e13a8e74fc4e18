// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';
import { readPassedTests, writePage } from '@hako/agent-grid/report';
import { statusPage } from './page/status-page.ts';
import { readGaps } from './proofs/gaps.ts';
import { judgeRows, problemsOf } from './proofs/judge.ts';
import { proofsOf } from './proofs/proof.ts';
import { allRows } from './rows/all-rows.ts';

const workspaceRoot = resolve(import.meta.dirname, '../../..');
const pagePath = join(workspaceRoot, 'docs/host-status.md');
const gapsPath = join(import.meta.dirname, 'gaps.json');

const usage = `usage: host-status REPORT...

Draws docs/host-status.md from reports of Vitest's JSON reporter.
Exit code 1 when guests have run and a row lacks a proof without a reason, or a reason is needless.`;

/** Prints what is wrong, and answers with the exit code. */
async function main(reports: readonly string[]): Promise<number> {
  if (reports.length === 0 || reports.includes('--help')) {
    console.error(usage);
    return reports.length === 0 ? 2 : 0;
  }
  const gaps = await readGaps(gapsPath);
  const tests = (await Promise.all(reports.map((path) => readPassedTests(path)))).flat();
  const proofs = proofsOf(tests, workspaceRoot);
  const judged = judgeRows(allRows, proofs, gaps);
  if (await writePage(pagePath, statusPage(judged)))
    console.log('host side: docs/host-status.md has been drawn anew: commit it');
  if (!proofs.some(({ ground }) => ground === 'guest')) {
    console.log('host side: no guest has run, so gaps are not judged');
    return 0;
  }
  const problems = problemsOf(judged, proofs, gaps);
  for (const problem of problems) console.log(`host side: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
