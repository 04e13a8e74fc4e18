// SPDX-License-Identifier: Apache-2.0
import { isArray, isNumber, type RegoValue, RegoObject, RegoSet } from '../value.ts';

/** A function of the language. Undefined for arguments it has no value for, as Rego wants it. */
export interface Builtin {
  readonly parameters: number;
  readonly call: (...args: RegoValue[]) => RegoValue | undefined;
}

/** Functions by name. */
export type BuiltinTable = Readonly<Record<string, Builtin>>;

/** What a parameter takes: a check, and the type it leads to. */
export type Check<Type extends RegoValue> = (value: RegoValue) => value is Type;

/** A text. */
export const text: Check<string> = (value) => typeof value === 'string';
/** A number. */
export const number: Check<number | bigint> = isNumber;
/** Any value. */
// eslint-disable-next-line @typescript-eslint/no-unused-vars -- a type predicate has to name it
export const any: Check<RegoValue> = (_value): _value is RegoValue => true;
/** An object. */
export const object: Check<RegoObject> = (value) => value instanceof RegoObject;
/** A set. */
export const set: Check<RegoSet> = (value) => value instanceof RegoSet;
/** An array. */
export const array = (value: RegoValue): value is readonly RegoValue[] =>
  value !== null && typeof value === 'object' && isArray(value);

/** The elements of an array or a set; undefined for anything else. */
export function elements(value: RegoValue): readonly RegoValue[] | undefined {
  if (value instanceof RegoSet) return value.values;
  return array(value) ? value : undefined;
}

/** The texts of an array or a set of texts. */
export function texts(value: RegoValue): readonly string[] | undefined {
  const items = elements(value);
  return items?.every(text) === true ? items : undefined;
}

/** A function of one argument. */
export function unary<One extends RegoValue>(
  one: Check<One>,
  call: (value: One) => RegoValue | undefined,
): Builtin {
  return { parameters: 1, call: (a = null) => (one(a) ? call(a) : undefined) };
}

/** A function of two arguments. */
export function binary<One extends RegoValue, Two extends RegoValue>(
  one: Check<One>,
  two: Check<Two>,
  call: (value: One, other: Two) => RegoValue | undefined,
): Builtin {
  return { parameters: 2, call: (a = null, b = null) => (one(a) && two(b) ? call(a, b) : undefined) };
}

/** A function of three arguments. */
export function ternary<One extends RegoValue, Two extends RegoValue, Three extends RegoValue>(
  one: Check<One>,
  two: Check<Two>,
  three: Check<Three>,
  call: (value: One, other: Two, third: Three) => RegoValue | undefined,
): Builtin {
  return {
    parameters: 3,
    call: (a = null, b = null, c = null) => (one(a) && two(b) && three(c) ? call(a, b, c) : undefined),
  };
}
