// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runScript, setUp } from './setup.mjs';
import { runChecks, runVisibly } from './src/checks.mjs';
import { workspaceRoot } from './src/locations.mjs';
import { addUp, summaryLine } from './src/test-results.mjs';

/** Vitest's projects, quick ones first. */
const projects = ['unit', 'vm', 'guest'];

/** Pages that are drawn from the reports of projects. */
const pages = [
  { check: "grid of the agent's API", tool: 'agent-grid', of: ['unit', 'guest'] },
  { check: 'status of the host side', tool: 'host-status', of: projects },
];

const resultsDir = join(workspaceRoot, 'test-results');

/**
 * `npm test [-- FILTER…]`: set-up, checks, then every test or those in files whose path contains a FILTER (then without
 * the checks). The last line sums up; the exit code is 0 only when checks and tests passed and there were tests.
 */
await runScript(async () => {
  const filters = process.argv.slice(2);
  await setUp();
  /** @type {string[]} */
  const failedChecks = filters.length === 0 ? await runChecks() : [];
  await mkdir(resultsDir, { recursive: true });
  const runs = [];
  for (const project of projects) runs.push(await runProject(project, filters));

  // A part of the tests says nothing about the whole.
  if (filters.length === 0) {
    for (const { check, tool, of } of pages) if (!(await isPageGood(tool, of))) failedChecks.push(check);
  }

  const totals = addUp(runs);
  const lines = [
    ...totals.skippedNames.map((name) => `skipped: ${name}`),
    ...totals.secondAttempts.map(({ name, message }) => `passed at the second attempt: ${name}: ${message}`),
    ...failedChecks.map((name) => `failed check: ${name}`),
    ...totals.failures.map(({ name, message }) => `failed: ${name}: ${message}`),
    summaryLine(totals),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const isGood = failedChecks.length === 0 && totals.failures.length === 0 && totals.passed > 0;
  return isGood ? 0 : 1;
});

/**
 * Draws what the tests have seen, and tells whether nothing is missing.
 * @param {string} tool @param {readonly string[]} of
 */
async function isPageGood(tool, of) {
  const reports = of.map((project) => join(resultsDir, `${project}.json`));
  const command = ['node', '--conditions=@hako/source', `tools/${tool}/src/main.ts`, ...reports];
  return (await runVisibly(command)) === 0;
}

/** @param {string} project @param {readonly string[]} filters */
async function runProject(project, filters) {
  const reportPath = join(resultsDir, `${project}.json`);
  await rm(reportPath, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  const code = await runVisibly([
    'vitest',
    'run',
    '--project',
    project,
    '--passWithNoTests',
    ...reporters,
    ...filters,
  ]);
  const report = await readFile(reportPath, 'utf8').then(JSON.parse, () => undefined);
  return { project, code, report };
}
