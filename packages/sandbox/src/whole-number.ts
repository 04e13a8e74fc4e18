// SPDX-License-Identifier: Apache-2.0

/**
 * Tells whether a value is a whole number within two bounds, both included.
 * @param value of any shape
 * @param min the lower one
 * @param max the upper one; default: the largest number that is exact
 */
export function isWholeNumber(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
