// SPDX-License-Identifier: Apache-2.0

/** Whether a value is a whole number within two bounds, both included. */
export function isWholeNumber(value: number, lowest: number, highest = Infinity): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}
