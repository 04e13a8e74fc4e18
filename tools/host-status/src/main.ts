// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import {
  readPassedTests,
  runStatusProgram,
  workspaceRoot,
  type StatusProgram,
} from '@hako/agent-grid/report';
import { statusPage } from './page/status-page.ts';
import { readGaps } from './proofs/gaps.ts';
import { judgeRows, problemsOf } from './proofs/judge.ts';
import { proofsOf } from './proofs/proof.ts';
import { allRows } from './rows/all-rows.ts';

const gapsPath = join(import.meta.dirname, 'gaps.json');

const hostStatus: StatusProgram = {
  name: 'host side',
  pagePath: 'docs/host-status.md',
  usage: `usage: host-status REPORT...

Draws docs/host-status.md from reports of Vitest's JSON reporter.
Exit code 1 when guests have run and a row lacks a proof without a reason, or a reason is needless.`,
  async draw(reportPaths) {
    const gaps = await readGaps(gapsPath);
    const tests = (await Promise.all(reportPaths.map((path) => readPassedTests(path)))).flat();
    const proofs = proofsOf(tests, workspaceRoot);
    const judged = judgeRows(allRows, proofs, gaps);
    return {
      page: statusPage(judged),
      hasGuest: proofs.some(({ ground }) => ground === 'guest'),
      problems: problemsOf(judged, proofs, gaps),
    };
  },
};

process.exitCode = await runStatusProgram(hostStatus, process.argv.slice(2));
