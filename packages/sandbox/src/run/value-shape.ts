// SPDX-License-Identifier: Apache-2.0

/**
 * Tells whether a value of a file is an object.
 * @param value of any shape
 */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Tells whether a value of a file is a list whose items all pass.
 * @param value of any shape
 * @param isItem looks at one
 */
export function isListOf<Item>(
  value: unknown,
  isItem: (item: unknown) => item is Item,
): value is readonly Item[] {
  return Array.isArray(value) && value.every(isItem);
}

/**
 * Tells whether a value of a file is a text.
 * @param value of any shape
 */
export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * Tells whether a value of a file is a whole number.
 * @param value of any shape
 */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
