// SPDX-License-Identifier: Apache-2.0
import { ProtocolsError } from '../protocols-error.ts';
import type { OciInteger } from './integer.ts';

/** Throws `invalid_spec` unless the value at `field` has the shape. The type parameter only ties a shape to a type. */
export interface Shape<T> {
  (value: unknown, field: string): void;
  readonly of?: T;
}

/** One shape for each property of a type; the compiler refuses a table that misses one. */
export type PropertyShapes<T> = { readonly [K in keyof T]-?: Shape<T[K]> };

function wrong(value: unknown, field: string, expected: string): never {
  const actual = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new ProtocolsError(
    'invalid_spec',
    field,
    value === undefined ? 'is missing' : `is ${actual}, not ${expected}`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
}

/** A string. */
export const text: Shape<string> = (value, field) => {
  if (typeof value !== 'string') wrong(value, field, 'a string');
};

/** A boolean. */
export const flag: Shape<boolean> = (value, field) => {
  if (typeof value !== 'boolean') wrong(value, field, 'a boolean');
};

/** A whole number that is exact as a `number`. */
export const integer: Shape<number> = (value, field) => {
  if (!Number.isSafeInteger(value)) wrong(value, field, 'an integer');
};

/** A whole number of any size. */
export const wideInteger: Shape<OciInteger> = (value, field) => {
  if (typeof value !== 'bigint' && !Number.isInteger(value)) wrong(value, field, 'an integer');
};

/** Also allows absence; `null` counts as absence, because Go programs write it for empty lists. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, field) => {
    if (value !== undefined && value !== null) shape(value, field);
  };
}

/** A list whose entries all have one shape. */
export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, field) => {
    if (!Array.isArray(value)) wrong(value, field, 'a list');
    value.forEach((entry, index) => shape(entry, `${field}[${index}]`));
  };
}

/** An object that maps names to strings. */
export const textMap: Shape<Record<string, string>> = (value, field) => {
  if (!isRecord(value)) wrong(value, field, 'an object');
  for (const [name, entry] of Object.entries(value)) text(entry, `${field}[${JSON.stringify(name)}]`);
};

/** An object with the given properties; others are left alone. */
export function object<T>(properties: PropertyShapes<T>): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(properties);
  return (value, field) => {
    if (!isRecord(value)) wrong(value, field, 'an object');
    for (const [name, shape] of shapes) shape(value[name], join(field, name));
  };
}
