// SPDX-License-Identifier: Apache-2.0
import { isArray, type RegoValue, RegoSet } from './value.ts';

/** A value as `print` and `%v` show it inside others. */
function showInside(value: RegoValue): string {
  return typeof value === 'string' ? JSON.stringify(value) : show(value);
}

/** A value as `print` and `%v` show it: texts as they are, the rest nearly as in JSON. */
export function show(value: RegoValue): string {
  if (value === null || typeof value !== 'object') return String(value);
  if (isArray(value)) return `[${value.map(showInside).join(', ')}]`;
  if (value instanceof RegoSet) {
    return value.size === 0 ? 'set()' : `{${value.values.map(showInside).join(', ')}}`;
  }
  return `{${value.entries.map(([key, item]) => `${showInside(key)}: ${showInside(item)}`).join(', ')}}`;
}
