// SPDX-License-Identifier: Apache-2.0

/**
 * The last line of a text from outside that says something, cut to `maximumLength` and free of control characters, so
 * that it may stand in a one-line message on a terminal.
 */
export function lastPrintableLine(text: string, maximumLength = 200): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.replaceAll(/[^\x20-\x7e]/g, '').trim());
  return (lines.findLast((line) => line !== '') ?? '').slice(0, maximumLength);
}
