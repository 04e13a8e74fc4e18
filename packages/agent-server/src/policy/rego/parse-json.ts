// SPDX-License-Identifier: Apache-2.0
import type { Json } from './json.ts';

/**
 * Parses JSON without losing digits: whole numbers that a double cannot hold become bigint.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): Json {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    const isWhole = source !== undefined && /^-?\d+$/.test(source);
    return typeof value === 'number' && isWhole && !Number.isSafeInteger(value) ? BigInt(source) : value;
  };
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- JSON.parse makes nothing else
  return JSON.parse(text, revive) as Json;
}
