// SPDX-License-Identifier: Apache-2.0

/** One line of a mount table. */
export interface TabledMount {
  /** Number of the device its files are on, as `MAJOR:MINOR`. */
  readonly device: string;
  /** Its mount point. */
  readonly path: string;
  /** Type of the file system. */
  readonly type: string;
  /** Options of the file system, not of the mount. */
  readonly options: readonly string[];
}

/**
 * Reads a mount table, in its order: the last mount at a path covers those before it. Source: proc(5), "mountinfo".
 * @param text the table
 */
export function parseMountTable(text: string): readonly TabledMount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , device = '', , path] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    return path === undefined
      ? []
      : [{ device, path: unescapePath(path), type, options: options.split(',') }];
  });
}

/** Blanks and the like are written as three octal digits. */
function unescapePath(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(parseInt(digits, 8)));
}
