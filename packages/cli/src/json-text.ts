// SPDX-License-Identifier: Apache-2.0

/**
 * JSON for programs. Counters that a double cannot hold are text.
 * @param value what there is to say
 * @param indent blanks per level; 0 makes one line
 */
export function jsonText(value: unknown, indent: number): string {
  return JSON.stringify(
    value,
    (_key, part: unknown) => (typeof part === 'bigint' ? plain(part) : part),
    indent,
  );
}

function plain(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}
