// SPDX-License-Identifier: Apache-2.0

/**
 * A value of Rego. Whole numbers that a double cannot hold exactly are bigint, all others are number, so that equal numbers
 * have the same type.
 */
export type RegoValue =
  null | boolean | number | bigint | string | readonly RegoValue[] | RegoObject | RegoSet;

/** The text two values share exactly if they are equal. */
export function keyOf(value: RegoValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (isArray(value)) return `[${value.map(keyOf).join()}]`;
  return value.key;
}

/** A set of values. */
export class RegoSet {
  readonly #items = new Map<string, RegoValue>();
  #sorted: readonly RegoValue[] | undefined;

  constructor(items: Iterable<RegoValue> = []) {
    for (const item of items) this.#items.set(keyOf(item), item);
  }

  get size(): number {
    return this.#items.size;
  }

  /** Its members in the order of Rego. */
  get values(): readonly RegoValue[] {
    this.#sorted ??= [...this.#items.values()].sort(compareValues);
    return this.#sorted;
  }

  get key(): string {
    return `<${[...this.#items.keys()].sort().join()}>`;
  }

  has(item: RegoValue): boolean {
    return this.#items.has(keyOf(item));
  }
}

/** A mapping of values to values. */
export class RegoObject {
  readonly #entries = new Map<string, readonly [key: RegoValue, value: RegoValue]>();
  #sorted: readonly (readonly [key: RegoValue, value: RegoValue])[] | undefined;

  /** Later entries go before earlier ones of the same key. */
  constructor(entries: Iterable<readonly [key: RegoValue, value: RegoValue]> = []) {
    for (const entry of entries) this.#entries.set(keyOf(entry[0]), entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Its entries in the order of their keys. */
  get entries(): readonly (readonly [key: RegoValue, value: RegoValue])[] {
    this.#sorted ??= [...this.#entries.values()].sort(([one], [other]) => compareValues(one, other));
    return this.#sorted;
  }

  get key(): string {
    const parts = [...this.#entries].map(([key, [, value]]) => `${key}:${keyOf(value)}`);
    return `{${parts.sort().join()}}`;
  }

  get(key: RegoValue): RegoValue | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }
}

/** Whether a value is an array. */
export function isArray(value: RegoValue): value is readonly RegoValue[] {
  return Array.isArray(value);
}

/** Whether a value is a number. */
export function isNumber(value: RegoValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** The name Rego has for the type of a value, as in the function `type_name`. */
export function typeName(value: RegoValue) {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (isNumber(value)) return 'number';
  if (typeof value === 'string') return 'string';
  if (isArray(value)) return 'array';
  return value instanceof RegoSet ? 'set' : 'object';
}

const typeOrder = ['null', 'boolean', 'number', 'string', 'array', 'object', 'set'] as const;

function compareLists(one: readonly RegoValue[], other: readonly RegoValue[]): number {
  for (const [index, item] of one.entries()) {
    const counterpart = other[index];
    if (counterpart === undefined) return 1;
    const order = compareValues(item, counterpart);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** The code points of a text: what Rego counts. */
export function lettersOf(text: string): string[] {
  return Array.from(text);
}

/** Texts are ordered by code points, not by UTF-16 units. */
function compareTexts(one: string, other: string): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The order of all values: negative, 0 or positive. */
export function compareValues(one: RegoValue, other: RegoValue): number {
  const byType = typeOrder.indexOf(typeName(one)) - typeOrder.indexOf(typeName(other));
  if (byType !== 0 || one === null || other === null) return byType;
  if (typeof one === 'string' && typeof other === 'string') return compareTexts(one, other);
  if (typeof one !== 'object' || typeof other !== 'object') return one < other ? -1 : one > other ? 1 : 0;
  return compareLists(membersOf(one), membersOf(other));
}

/** What decides about the order of two composites of one type. */
function membersOf(value: readonly RegoValue[] | RegoObject | RegoSet): readonly RegoValue[] {
  if (value instanceof RegoSet) return value.values;
  if (value instanceof RegoObject) return value.entries.flat();
  return value;
}

/** Whether two values are the same. */
export function equalValues(one: RegoValue, other: RegoValue): boolean {
  return one === other || keyOf(one) === keyOf(other);
}
