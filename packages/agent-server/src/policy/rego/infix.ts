// SPDX-License-Identifier: Apache-2.0
import type { Operator } from './ast.ts';
import { wholeNumber } from './json.ts';
import { RegoError } from './rego-error.ts';
import {
  compareValues,
  equalValues,
  isArray,
  isNumber,
  type RegoValue,
  RegoObject,
  RegoSet,
  typeName,
} from './value.ts';

type Arithmetic = '+' | '-' | '*' | '/' | '%';

function onWholeNumbers(operator: Arithmetic, left: bigint, right: bigint): number | bigint | undefined {
  switch (operator) {
    case '+':
      return wholeNumber(left + right);
    case '-':
      return wholeNumber(left - right);
    case '*':
      return wholeNumber(left * right);
    case '/':
      return left % right === 0n ? wholeNumber(left / right) : Number(left) / Number(right);
    case '%':
      return wholeNumber(left % right);
  }
}

/** Undefined for a division by zero. */
function arithmetic(
  operator: Arithmetic,
  left: number | bigint,
  right: number | bigint,
): RegoValue | undefined {
  // eslint-disable-next-line eqeqeq -- a zero may be number or bigint
  if ((operator === '/' || operator === '%') && right == 0) return undefined;
  const isWhole = (value: number | bigint) => typeof value === 'bigint' || Number.isInteger(value);
  if (isWhole(left) && isWhole(right)) return onWholeNumbers(operator, BigInt(left), BigInt(right));
  const [one, other] = [Number(left), Number(right)];
  if (operator === '+') return one + other;
  if (operator === '-') return one - other;
  if (operator === '*') return one * other;
  if (operator === '/') return one / other;
  throw new RegoError('type', 'the rest of a division is of whole numbers');
}

function onSets(operator: Operator, left: RegoSet, right: RegoSet): RegoValue | undefined {
  if (operator === '|') return new RegoSet([...left.values, ...right.values]);
  if (operator === '&') return new RegoSet(left.values.filter((item) => right.has(item)));
  if (operator === '-') return new RegoSet(left.values.filter((item) => !right.has(item)));
  return undefined;
}

/** Whether a value is an element of a collection; of an object, one of its values. */
export function isMember(value: RegoValue, collection: RegoValue): boolean {
  if (collection instanceof RegoSet) return collection.has(value);
  if (collection instanceof RegoObject)
    return collection.entries.some(([, item]) => equalValues(item, value));
  return isArray(collection) && collection.some((item) => equalValues(item, value));
}

/**
 * The value of two values and an operator; undefined where there is none.
 *
 * @throws RegoError `type` for values the operator does not take
 */
export function infix(operator: Operator, left: RegoValue, right: RegoValue): RegoValue | undefined {
  switch (operator) {
    case '==':
      return equalValues(left, right);
    case '!=':
      return !equalValues(left, right);
    case '<':
      return compareValues(left, right) < 0;
    case '<=':
      return compareValues(left, right) <= 0;
    case '>':
      return compareValues(left, right) > 0;
    case '>=':
      return compareValues(left, right) >= 0;
    case 'in':
      return isMember(left, right);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      if (isNumber(left) && isNumber(right)) return arithmetic(operator, left, right);
      break;
    case '|':
    case '&':
  }
  const result =
    left instanceof RegoSet && right instanceof RegoSet ? onSets(operator, left, right) : undefined;
  if (result !== undefined) return result;
  throw new RegoError('type', `${operator} does not take ${typeName(left)} and ${typeName(right)}`);
}
