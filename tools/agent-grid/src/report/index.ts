// SPDX-License-Identifier: Apache-2.0
export { readPassedTests, type PassedTest } from './passed-tests.ts';
export { runStatusProgram, workspaceRoot, type DrawnStatus, type StatusProgram } from './status-program.ts';
export { tableLine } from './table-line.ts';
