// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {{ fullName: string, status: string, failureMessages?: string[] | null }} Assertion
 * @typedef {{ name: string, status: string, message?: string, assertionResults: Assertion[] }} TestFile
 * @typedef {{ testResults: TestFile[] }} Report - What Vitest's JSON reporter writes.
 * @typedef {{ project: string, code: number, report?: Report | undefined }} Run - One project of Vitest and how it ended.
 * @typedef {{ name: string, message: string }} Failure - A test or file, and the first line of what it says.
 * @typedef {{ passed: number, failures: Failure[], skippedNames: string[], secondAttempts: Failure[] }} Totals
 *   `secondAttempts`: what passed when it was tried again, with what it said before.
 */

/**
 * Adds up several runs. What failed without a failed test counts as one failure: a file that did not load or whose hook
 * threw, a run that left no report, and one that ended with an error beside its tests.
 *
 * @param {readonly Run[]} runs
 * @returns {Totals}
 */
export function addUp(runs) {
  /** @type {Totals} */
  const totals = { passed: 0, failures: [], skippedNames: [], secondAttempts: [] };
  for (const { project, code, report } of runs) {
    const failedBefore = totals.failures.length;
    for (const file of report?.testResults ?? []) addFile(totals, file);
    const name = `tests of ${project}`;
    if (report === undefined) totals.failures.push({ name, message: 'left no report' });
    else if (code !== 0 && totals.failures.length === failedBefore)
      totals.failures.push({ name, message: `an error beside the tests, exit code ${code}` });
  }
  return totals;
}

/** @param {Totals} totals @param {TestFile} file */
function addFile(totals, file) {
  const failedBefore = totals.failures.length;
  for (const { status, fullName, failureMessages } of file.assertionResults) {
    const said = { name: fullName, message: firstLineOf(failureMessages?.[0]) };
    if (status === 'passed') {
      totals.passed += 1;
      if (said.message !== '') totals.secondAttempts.push(said);
    } else if (status === 'failed') totals.failures.push(said);
    else totals.skippedNames.push(fullName);
  }
  if (file.status === 'failed' && totals.failures.length === failedBefore)
    totals.failures.push({ name: file.name, message: firstLineOf(file.message) });
}

/** @param {string | undefined} message */
function firstLineOf(message = '') {
  return message.trimStart().split('\n', 1)[0] ?? '';
}

/** The last line of `npm test`. @param {Totals} totals */
export function summaryLine({ passed, failures, skippedNames }) {
  return `${passed} passed, ${failures.length} failed, ${skippedNames.length} skipped`;
}
