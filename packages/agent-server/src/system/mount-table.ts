// SPDX-License-Identifier: Apache-2.0
import type { MountEntry } from './mounter.ts';

/** The kernel writes space, tab, newline and backslash of a path as three octal digits. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/**
 * Reads the text of `/proc/self/mountinfo`. Source: proc(5).
 *
 * @returns the mounts in the order of the table
 */
export function parseMountTable(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [mountWords, fsWords] = line.split(' - ');
    const target = mountWords?.split(' ')[4];
    const [fstype, source] = fsWords?.split(' ') ?? [];
    if (target === undefined || fstype === undefined) return [];
    return [{ target: unescape(target), fstype, source: unescape(source ?? '') }];
  });
}

/** What is on top of a directory, or undefined when nothing is mounted there. */
export function mountAt(table: readonly MountEntry[], target: string): MountEntry | undefined {
  const wanted = target.length > 1 ? target.replace(/\/+$/, '') : target;
  return table.findLast((entry) => entry.target === wanted);
}
