// SPDX-License-Identifier: Apache-2.0
import { show } from '../show.ts';
import { isNumber, type RegoValue } from '../value.ts';
import { array } from './builtin.ts';

const directive = /%(?<flags>[-+ 0#]*)(?<width>\d*)(?:\.(?<digits>\d*))?(?<verb>[a-zA-Z%])/g;

function whole(value: RegoValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

function based(value: RegoValue, radix: number): string | undefined {
  return whole(value)?.toString(radix);
}

/** One value as its verb wants it; undefined when the verb is not for such a value. */
function formatOne(verb: string, value: RegoValue, digits: number | undefined): string | undefined {
  switch (verb) {
    case 'v':
    case 's':
      return show(value);
    case 'd':
      return based(value, 10);
    case 'b':
      return based(value, 2);
    case 'o':
      return based(value, 8);
    case 'x':
      return based(value, 16);
    case 'X':
      return based(value, 16)?.toUpperCase();
    case 'q':
      return typeof value === 'string' ? JSON.stringify(value) : undefined;
    case 't':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'f':
      return isNumber(value) ? Number(value).toFixed(Math.min(digits ?? 6, 100)) : undefined;
    case 'e':
      return isNumber(value) ? Number(value).toExponential(Math.min(digits ?? 6, 100)) : undefined;
    case 'g':
      return isNumber(value) ? String(value) : undefined;
    default:
      return undefined;
  }
}

const maxWidth = 1_000;

/**
 * `sprintf`, with the verbs of Go that make sense for values of Rego. Undefined when there are not as many values as
 * verbs, or a value does not fit its verb.
 */
export function formatText(format: string, values: RegoValue): string | undefined {
  if (!array(values)) return undefined;
  const progress = { next: 0, isWrong: false };
  const text = format.replaceAll(directive, (...match) => {
    // The groups come last.
    const groups: unknown = match.at(-1);
    const { flags, width, digits, verb } = groupsOf(groups);
    if (verb === '%') return '%';
    const value = values[progress.next];
    progress.next += 1;
    const formatted =
      value === undefined ? undefined : formatOne(verb, value, digits === '' ? undefined : Number(digits));
    if (formatted === undefined) {
      progress.isWrong = true;
      return '';
    }
    const columns = Math.min(Number(width), maxWidth);
    if (flags.includes('-')) return formatted.padEnd(columns);
    return formatted.padStart(columns, flags.includes('0') && verb !== 's' && verb !== 'v' ? '0' : ' ');
  });
  return progress.isWrong || progress.next !== values.length ? undefined : text;
}

function groupsOf(groups: unknown): Record<'flags' | 'width' | 'digits' | 'verb', string> {
  const read = (name: string): string => {
    const value: unknown =
      typeof groups === 'object' && groups !== null ? Reflect.get(groups, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { flags: read('flags'), width: read('width'), digits: read('digits'), verb: read('verb') };
}
