// SPDX-License-Identifier: Apache-2.0

/**
 * Finds the line that a key of a TOML file stands in, or its section's: parsers keep no places. Texts over several lines and
 * dotted keys may hide it; then there is no line.
 * @returns counted from 1
 */
export function findLine(source: string, section: string, key?: string): number | undefined {
  let current = '';
  let sectionLine: number | undefined;
  for (const [index, line] of source.split('\n').entries()) {
    const header = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) {
      current = header.replaceAll(/\s|["']/g, '');
      if (current === section || current.startsWith(`${section}.`)) sectionLine ??= index + 1;
    } else if (key !== undefined && current === section) {
      const name = /^\s*["']?([\w-]+)["']?\s*=/.exec(line)?.[1];
      if (name === key) return index + 1;
    }
  }
  return sectionLine;
}
