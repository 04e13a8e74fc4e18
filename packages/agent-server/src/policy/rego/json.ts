// SPDX-License-Identifier: Apache-2.0
import { isArray, type RegoValue, RegoObject, RegoSet } from './value.ts';

/** Parsed JSON, in which whole numbers may also be bigint. */
export type Json =
  null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A whole number in the one form Rego's values have for it. */
export function wholeNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The value of a JSON document. Properties that are undefined are left out. */
export function fromJson(json: Json): RegoValue {
  if (json === null || typeof json === 'string' || typeof json === 'boolean') return json;
  if (typeof json === 'bigint') return wholeNumber(json);
  if (typeof json === 'number') return Number.isInteger(json) ? wholeNumber(BigInt(json)) : json;
  if (isJsonArray(json)) return json.map(fromJson);
  return new RegoObject(
    Object.entries(json).flatMap(([key, value]) => (value === undefined ? [] : [[key, fromJson(value)]])),
  );
}

/** A value as JSON: sets become arrays, keys that are no text become their JSON text. */
export function toJson(value: RegoValue): Json {
  if (value === null || typeof value !== 'object') return value;
  if (isArray(value)) return value.map(toJson);
  if (value instanceof RegoSet) return value.values.map(toJson);
  return Object.fromEntries(
    value.entries.map(([key, item]) => [typeof key === 'string' ? key : jsonText(toJson(key)), toJson(item)]),
  );
}

/** The text of JSON, with bigint as plain numbers. */
export function jsonText(json: Json): string {
  if (typeof json === 'bigint') return json.toString();
  if (json === null || typeof json !== 'object') return JSON.stringify(json);
  if (isJsonArray(json)) return `[${json.map(jsonText).join(',')}]`;
  const parts = Object.entries(json).flatMap(([key, value]) =>
    value === undefined ? [] : [`${JSON.stringify(key)}:${jsonText(value)}`],
  );
  return `{${parts.join(',')}}`;
}

function isJsonArray(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}
