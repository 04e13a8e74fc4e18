// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {{ fullName: string, status: string, failureMessages?: string[] | null }} Assertion
 * @typedef {{ name: string, status: string, message?: string, assertionResults: Assertion[] }} TestFile
 * @typedef {{ testResults: TestFile[] }} Report - What Vitest's JSON reporter writes.
 * @typedef {{ name: string, message: string }} Failure - A test or file, and the first line of what it says.
 * @typedef {{ passed: number, failures: Failure[], skippedNames: string[], secondAttempts: Failure[] }} Totals
 *   `secondAttempts`: what passed when it was tried again, with what it said before.
 */

/**
 * Adds up the reports of several runs. A file that failed without a failed test (it did not load, a hook threw) counts
 * as one failure, and so does a run that left no report.
 *
 * @param {readonly (Report | undefined)[]} reports
 * @returns {Totals}
 */
export function addUp(reports) {
  /** @type {Totals} */
  const totals = { passed: 0, failures: [], skippedNames: [], secondAttempts: [] };
  for (const report of reports) {
    if (report === undefined) totals.failures.push({ name: 'a run of tests', message: 'left no report' });
    for (const file of report?.testResults ?? []) addFile(totals, file);
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
