// SPDX-License-Identifier: Apache-2.0

/** The largest number of a user or a group; the one above it means none. Source: chown(2). */
export const maxId = 2 ** 32 - 2;

/**
 * Reads the number of a user or a group; `undefined` when it is none.
 * @param text decimal digits
 */
export function numericId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maxId ? id : undefined;
}
