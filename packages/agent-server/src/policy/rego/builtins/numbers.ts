// SPDX-License-Identifier: Apache-2.0
import { infix } from '../infix.ts';
import { compareValues, type RegoValue } from '../value.ts';
import { any, binary, type BuiltinTable, elements, number, unary } from './builtin.ts';

const maxRange = 100_000;

function range(from: number | bigint, to: number | bigint): RegoValue | undefined {
  const [first, last] = [Number(from), Number(to)];
  const count = Math.abs(last - first) + 1;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || count > maxRange) return undefined;
  return Array.from({ length: count }, (_, index) => (first <= last ? first + index : first - index));
}

function fold(value: RegoValue, operator: '+' | '*', start: number): RegoValue | undefined {
  const items = elements(value);
  if (items?.every(number) !== true) return undefined;
  return items.reduce<RegoValue | undefined>(
    (result, item) => (result === undefined ? undefined : infix(operator, result, item)),
    start,
  );
}

function extreme(value: RegoValue, sign: 1 | -1): RegoValue | undefined {
  const items = elements(value);
  return items?.reduce<RegoValue | undefined>(
    (best, item) => (best === undefined || compareValues(item, best) * sign > 0 ? item : best),
    undefined,
  );
}

const onWhole = (round: (value: number) => number) =>
  unary(number, (value) => (typeof value === 'bigint' ? value : round(value)));

function bits(operate: (one: bigint, other: bigint) => bigint) {
  return binary(number, number, (one, other) => {
    if (typeof one === 'bigint' || typeof other === 'bigint') return undefined;
    if (!Number.isInteger(one) || !Number.isInteger(other)) return undefined;
    const result = Number(operate(BigInt(one), BigInt(other)));
    return Number.isSafeInteger(result) ? result : undefined;
  });
}

const maxShift = 53n;

/** The value of a text that is a number in JSON. */
function toNumber(value: RegoValue): RegoValue | undefined {
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (number(value)) return value;
  if (typeof value !== 'string' || !/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value))
    return undefined;
  const parsed = Number(value);
  if (/^-?\d+$/.test(value) && !Number.isSafeInteger(parsed)) return BigInt(value);
  return parsed;
}

/** Functions on numbers. */
export const numberBuiltins: BuiltinTable = {
  abs: unary(number, (value) => (value < 0 ? infix('*', value, -1) : value)),
  ceil: onWhole(Math.ceil),
  floor: onWhole(Math.floor),
  // Halves go away from zero.
  round: onWhole((value) => Math.sign(value) * Math.round(Math.abs(value))),
  max: unary(any, (value) => extreme(value, 1)),
  min: unary(any, (value) => extreme(value, -1)),
  sum: unary(any, (value) => fold(value, '+', 0)),
  product: unary(any, (value) => fold(value, '*', 1)),
  'numbers.range': binary(number, number, range),
  to_number: unary(any, toNumber),
  'bits.and': bits((one, other) => one & other),
  'bits.or': bits((one, other) => one | other),
  'bits.xor': bits((one, other) => one ^ other),
  'bits.negate': unary(number, (value) =>
    typeof value === 'number' && Number.isInteger(value) ? -value - 1 : undefined,
  ),
  'bits.lsh': bits((one, other) => one << (other > maxShift ? maxShift : other)),
  'bits.rsh': bits((one, other) => one >> (other > maxShift ? maxShift : other)),
};
