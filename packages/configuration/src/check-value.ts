// SPDX-License-Identifier: Apache-2.0
import type { ConfigurationValue, KeyRule } from './keys/key-rule.ts';

/** The outcome of {@link checkValue}: the value as it is kept, or what is expected instead. */
export type CheckedValue = { readonly value: ConfigurationValue } | { readonly expected: string };

/** Checks one value against its rule. */
export function checkValue(rule: KeyRule, value: unknown): CheckedValue {
  switch (rule.type) {
    case 'text':
      if (typeof value !== 'string' || value.includes('\0')) return { expected: 'a text' };
      if (rule.oneOf === undefined || rule.oneOf.includes(value)) return { value };
      return { expected: `one of ${rule.oneOf.filter((word) => word !== '').join(', ')}` };
    case 'switch':
      return typeof value === 'boolean' ? { value } : { expected: 'true or false' };
    case 'number':
      return isFitting(rule, value) ? { value: Number(value) } : { expected: describeNumber(rule) };
    case 'list':
      return isTexts(value) ? { value } : { expected: 'a list of texts' };
    case 'tables':
      return isTables(value) ? { value } : { expected: 'a list of tables' };
    default:
      return rule satisfies never;
  }
}

type NumberRule = Extract<KeyRule, { type: 'number' }>;

function isFitting(rule: NumberRule, value: unknown): boolean {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return false;
  if (rule.fractions !== true && !Number.isSafeInteger(number)) return false;
  if (number < (rule.least ?? -Infinity) || number > (rule.most ?? Infinity)) return false;
  return rule.powerOfTwo !== true || number === 0 || Number.isInteger(Math.log2(number));
}

function describeNumber({ least, most, fractions, powerOfTwo }: NumberRule): string {
  const kind =
    powerOfTwo === true ? '0 or a power of two' : fractions === true ? 'a number' : 'a whole number';
  const from = least === undefined ? '' : ` from ${least}`;
  return `${kind}${from}${most === undefined ? '' : ` up to ${most}`}`;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isTables(value: unknown): value is Record<string, unknown>[] {
  return (
    Array.isArray(value) &&
    value.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each))
  );
}
