// SPDX-License-Identifier: Apache-2.0
import type { Term } from './ast.ts';
import { isArray, isNumber, type RegoValue, RegoObject, RegoSet } from './value.ts';

type Entry = readonly [key: RegoValue, value: RegoValue];

/** The entries of a collection; none of a value that is none. A set's elements are their own keys. */
export function entriesOf(collection: RegoValue): readonly Entry[] {
  if (collection instanceof RegoObject) return collection.entries;
  if (collection instanceof RegoSet) return collection.values.map((item) => [item, item]);
  if (collection === null || typeof collection !== 'object') return [];
  return collection.map((item, index) => [index, item]);
}

/** What a collection has at a key, if anything. */
export function elementOf(collection: RegoValue, key: RegoValue): RegoValue | undefined {
  if (collection instanceof RegoObject) return collection.get(key);
  if (collection instanceof RegoSet) return collection.has(key) ? key : undefined;
  if (collection === null || typeof collection !== 'object' || !isNumber(key)) return undefined;
  return isArray(collection) ? collection[Number(key)] : undefined;
}

/** Keys and values that alternate, as pairs. */
export function pairs(parts: readonly RegoValue[]): readonly Entry[] {
  return parts.flatMap((key, index) => {
    const value = parts[index + 1];
    return index % 2 === 0 && value !== undefined ? [[key, value] as const] : [];
  });
}

/** A document with another value at a path; objects on the way are made. */
export function withPath(
  document: RegoValue | undefined,
  [key, ...rest]: readonly RegoValue[],
  value: RegoValue,
): RegoValue {
  if (key === undefined) return value;
  const object = document instanceof RegoObject ? document : new RegoObject();
  return new RegoObject([...object.entries, [key, withPath(object.get(key), rest, value)]]);
}

/** Whether a pattern has a variable that has no value yet. */
export function hasFree(pattern: Term, frame: readonly (RegoValue | undefined)[]): boolean {
  if (pattern.kind === 'local') return frame[pattern.slot] === undefined;
  if (pattern.kind === 'array') return pattern.items.some((item) => hasFree(item, frame));
  if (pattern.kind === 'object') return pattern.entries.some(([, value]) => hasFree(value, frame));
  return false;
}
