// SPDX-License-Identifier: Apache-2.0
import type { MountEntry } from './mounter.ts';

/** The kernel writes space, tab, newline and backslash of a path as three octal digits. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  );
}

/**
 * Reads the text of `/proc/self/mountinfo`. Source: proc(5).
 *
 * @returns the mounts in the order of the table
 */
export function parseMountTable(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [mountWords, fsWords] = line.split(' - ');
    const [, , , , target, options] = mountWords?.split(' ') ?? [];
    const [fstype, source] = fsWords?.split(' ') ?? [];
    if (target === undefined || fstype === undefined) return [];
    const readOnly = options?.split(',').includes('ro') ?? false;
    return [{ target: unescape(target), fstype, source: unescape(source ?? ''), readOnly }];
  });
}

/** The mount a path lies on, or undefined for a path that is not absolute. */
export function mountOf(table: readonly MountEntry[], path: string): MountEntry | undefined {
  const contains = ({ target }: MountEntry) =>
    target === '/' || path === target || path.startsWith(`${target}/`);
  let found: MountEntry | undefined;
  for (const entry of table) {
    if (contains(entry) && entry.target.length >= (found?.target.length ?? 0)) found = entry;
  }
  return found;
}

/** What is on top of a directory, or undefined when nothing is mounted there. */
export function mountAt(table: readonly MountEntry[], target: string): MountEntry | undefined {
  const wanted = target.length > 1 ? target.replace(/\/+$/, '') : target;
  return table.findLast((entry) => entry.target === wanted);
}
