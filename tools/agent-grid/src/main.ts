// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition } from '@hako/protocols/process-io';
import { readExclusions } from './grid/exclusions.ts';
import { drawGrid, emptyColumns, needlessExclusions } from './grid/grid.ts';
import { statusPage } from './grid/status-page.ts';
import { readAnswers } from './grid/test-report.ts';
import { runStatusProgram, type StatusProgram } from './report/status-program.ts';

const exclusionsPath = join(import.meta.dirname, 'exclusions.json');

const agentGrid: StatusProgram = {
  name: 'agent api',
  pagePath: 'docs/agent-api-status.md',
  usage: `usage: agent-grid REPORT...

Draws docs/agent-api-status.md from reports of Vitest's JSON reporter.
Exit code 1 when guests have run and the grid has a gap, or an exclusion is needless.`,
  async draw(reportPaths) {
    const exclusions = await readExclusions(exclusionsPath);
    const answers = (await Promise.all(reportPaths.map((path) => readAnswers(path)))).flat();
    const services = [AgentServiceDefinition, HealthDefinition, ProcessIODefinition];
    const rows = drawGrid(services, answers, exclusions);
    return {
      page: statusPage(rows),
      hasGuest: answers.some(({ kind }) => kind === 'guest'),
      problems: [
        ...rows.flatMap((row) =>
          emptyColumns(row).map((column) => `nothing seen of ${row.method}: ${column}`),
        ),
        ...needlessExclusions(rows, exclusions).map((what) => `needless exclusion: ${what}`),
      ],
    };
  },
};

process.exitCode = await runStatusProgram(agentGrid, process.argv.slice(2));
