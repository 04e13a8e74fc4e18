// SPDX-License-Identifier: Apache-2.0

/**
 * @typedef {{ fullName: string, status: string }} Assertion
 * @typedef {{ name: string, status: string, assertionResults: Assertion[] }} TestFile
 * @typedef {{ testResults: TestFile[] }} Report - What Vitest's JSON reporter writes.
 * @typedef {{ passed: number, failed: number, skipped: number, skippedNames: string[] }} Totals
 */

/**
 * Adds up the reports of several runs. A file that failed without a failed test (it did not load, a hook threw) counts
 * as one failure, and so does a run that left no report.
 *
 * @param {readonly (Report | undefined)[]} reports
 * @returns {Totals}
 */
export function addUp(reports) {
  const totals = { passed: 0, failed: 0, skipped: 0, skippedNames: /** @type {string[]} */ ([]) };
  for (const report of reports) {
    if (report === undefined) totals.failed += 1;
    for (const file of report?.testResults ?? []) addFile(totals, file);
  }
  return totals;
}

/** @param {Totals} totals @param {TestFile} file */
function addFile(totals, file) {
  const failedBefore = totals.failed;
  for (const { status, fullName } of file.assertionResults) {
    if (status === 'passed') totals.passed += 1;
    else if (status === 'failed') totals.failed += 1;
    else {
      totals.skipped += 1;
      totals.skippedNames.push(fullName);
    }
  }
  if (file.status === 'failed' && totals.failed === failedBefore) totals.failed += 1;
}

/** The last line of `npm test`. @param {Totals} totals */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
