// SPDX-License-Identifier: Apache-2.0
import { elementOf } from '../collections.ts';
import {
  compareValues,
  equalValues,
  lettersOf,
  type RegoValue,
  RegoObject,
  RegoSet,
  typeName,
} from '../value.ts';
import {
  any,
  array,
  binary,
  type BuiltinTable,
  elements,
  number,
  object,
  set,
  ternary,
  unary,
} from './builtin.ts';

/** The keys a parameter names: an array or a set of them, or an object that has them. */
function keysOf(value: RegoValue): readonly RegoValue[] | undefined {
  return value instanceof RegoObject ? value.entries.map(([key]) => key) : elements(value);
}

/** What lies at a key, or at a path if the key is an array. */
function get(from: RegoObject, key: RegoValue, fallback: RegoValue): RegoValue {
  let value: RegoValue | undefined = from;
  for (const part of array(key) ? key : [key]) {
    if (value !== undefined) value = elementOf(value, part);
  }
  return value ?? fallback;
}

/** Objects are joined; for anything else the second one counts. */
function union(one: RegoObject, other: RegoObject): RegoObject {
  const joined = other.entries.map(([key, value]): readonly [RegoValue, RegoValue] => {
    const old = one.get(key);
    return [key, old instanceof RegoObject && value instanceof RegoObject ? union(old, value) : value];
  });
  return new RegoObject([...one.entries, ...joined]);
}

function isSubset(whole: RegoValue, part: RegoValue): boolean | undefined {
  if (whole instanceof RegoObject && part instanceof RegoObject) {
    return part.entries.every(([key, value]) => {
      const other = whole.get(key);
      if (other === undefined) return false;
      return equalValues(other, value) || (object(other) && object(value) && isSubset(other, value) === true);
    });
  }
  const items = elements(part);
  if (whole instanceof RegoSet && items !== undefined) return items.every((item) => whole.has(item));
  return undefined;
}

function count(value: RegoValue): number | undefined {
  if (typeof value === 'string') return lettersOf(value).length;
  if (value instanceof RegoObject || value instanceof RegoSet) return value.size;
  return array(value) ? value.length : undefined;
}

function onSets(value: RegoValue, join: (one: RegoSet, other: RegoSet) => RegoSet): RegoSet | undefined {
  if (!(value instanceof RegoSet) || !value.values.every(set)) return undefined;
  const [first = new RegoSet(), ...rest] = value.values.filter(set);
  return rest.reduce(join, first);
}

const isType = (name: ReturnType<typeof typeName>) => unary(any, (value) => typeName(value) === name);

/** Functions on arrays, objects, sets and types. */
export const collectionBuiltins: BuiltinTable = {
  count: unary(any, count),
  sort: unary(any, (value) => elements(value)?.toSorted(compareValues)),
  'array.concat': binary(array, array, (one, other) => [...one, ...other]),
  'array.reverse': unary(array, (value) => value.toReversed()),
  'array.slice': ternary(array, number, number, (value, from, to) =>
    value.slice(Math.max(0, Number(from)), Math.max(0, Number(to))),
  ),
  'object.get': ternary(object, any, any, get),
  'object.keys': unary(object, (value) => new RegoSet(value.entries.map(([key]) => key))),
  'object.filter': binary(object, any, (value, keys) => {
    const wanted = keysOf(keys);
    if (wanted === undefined) return undefined;
    return new RegoObject(value.entries.filter(([key]) => wanted.some((other) => equalValues(key, other))));
  }),
  'object.remove': binary(object, any, (value, keys) => {
    const unwanted = keysOf(keys);
    if (unwanted === undefined) return undefined;
    return new RegoObject(
      value.entries.filter(([key]) => !unwanted.some((other) => equalValues(key, other))),
    );
  }),
  'object.union': binary(object, object, union),
  'object.union_n': unary(array, (values) =>
    values.every(object) ? values.filter(object).reduce(union, new RegoObject()) : undefined,
  ),
  'object.subset': binary(any, any, isSubset),
  intersection: unary(any, (value) =>
    onSets(value, (one, other) => new RegoSet(one.values.filter((item) => other.has(item)))),
  ),
  union: unary(any, (value) => onSets(value, (one, other) => new RegoSet([...one.values, ...other.values]))),
  is_array: isType('array'),
  is_boolean: isType('boolean'),
  is_null: isType('null'),
  is_number: isType('number'),
  is_object: isType('object'),
  is_set: isType('set'),
  is_string: isType('string'),
  type_name: unary(any, typeName),
};
