// SPDX-License-Identifier: Apache-2.0
export { readPassedTests, type PassedTest } from './passed-tests.ts';
export { tableLine } from './table-line.ts';
export { writePage } from './write-page.ts';
