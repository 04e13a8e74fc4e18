// SPDX-License-Identifier: Apache-2.0

/** The kernel reports times in units of 1/100 s to programs, whatever its own tick is (USER_HZ). */
export const msPerClockTick = 10;

/** A whole number as text, or undefined for anything else. Numbers beyond 2^53 stay exact. */
export function wholeNumber(text: string | undefined): number | bigint | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** Words of a line. */
export function wordsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** Lines of a text that are not empty. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** The lines `Key: value [unit]` of files such as `/proc/meminfo` and `/proc/self/status`. */
export function keyedValues(text: string): ReadonlyMap<string, number | bigint> {
  const values = new Map<string, number | bigint>();
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':');
    const value = wholeNumber(wordsOf(line.slice(colon + 1))[0]);
    if (colon > 0 && value !== undefined) values.set(line.slice(0, colon), value);
  }
  return values;
}
