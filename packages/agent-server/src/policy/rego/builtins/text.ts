// SPDX-License-Identifier: Apache-2.0
import { any, binary, type BuiltinTable, number, object, ternary, text, texts, unary } from './builtin.ts';
import { formatText } from './format-text.ts';
import { lettersOf } from '../value.ts';

/** Removes characters of a set from the sides of a text. */
function trim(value: string, characters: string, sides: 'both' | 'left' | 'right'): string {
  const letters = lettersOf(value);
  let from = 0;
  let to = letters.length;
  if (sides !== 'right') while (from < to && characters.includes(letters[from] ?? '')) from += 1;
  if (sides !== 'left') while (to > from && characters.includes(letters[to - 1] ?? '')) to -= 1;
  return letters.slice(from, to).join('');
}

/** Where one list of letters begins in another, all places. */
function placesOf(value: string, part: string): readonly number[] {
  const [letters, wanted] = [lettersOf(value), lettersOf(part)];
  if (wanted.length === 0) return [];
  return [...letters.keys()].filter((at) => wanted.every((letter, index) => letters[at + index] === letter));
}

function substring(value: string, offset: number | bigint, length: number | bigint): string | undefined {
  const [from, count] = [Number(offset), Number(length)];
  if (from < 0) return undefined;
  return lettersOf(value)
    .slice(from, count < 0 ? undefined : from + count)
    .join('');
}

const bases: ReadonlySet<number> = new Set([2, 8, 10, 16]);

function formatInt(value: number | bigint, base: number | bigint): string | undefined {
  if (!bases.has(Number(base))) return undefined;
  return (typeof value === 'bigint' ? value : BigInt(Math.floor(value))).toString(Number(base));
}

/** Functions on texts; places and lengths count code points. */
export const textBuiltins: BuiltinTable = {
  concat: binary(text, any, (delimiter, parts) => texts(parts)?.join(delimiter)),
  contains: binary(text, text, (value, part) => value.includes(part)),
  endswith: binary(text, text, (value, part) => value.endsWith(part)),
  startswith: binary(text, text, (value, part) => value.startsWith(part)),
  lower: unary(text, (value) => value.toLowerCase()),
  upper: unary(text, (value) => value.toUpperCase()),
  indexof: binary(text, text, (value, part) => placesOf(value, part)[0] ?? -1),
  indexof_n: binary(text, text, placesOf),
  replace: ternary(text, text, text, (value, old, replacement) => value.replaceAll(old, () => replacement)),
  split: binary(text, text, (value, delimiter) =>
    delimiter === '' ? lettersOf(value) : value.split(delimiter),
  ),
  substring: ternary(text, number, number, substring),
  trim: binary(text, text, (value, characters) => trim(value, characters, 'both')),
  trim_left: binary(text, text, (value, characters) => trim(value, characters, 'left')),
  trim_right: binary(text, text, (value, characters) => trim(value, characters, 'right')),
  trim_prefix: binary(text, text, (value, part) =>
    value.startsWith(part) ? value.slice(part.length) : value,
  ),
  trim_suffix: binary(text, text, (value, part) =>
    value.endsWith(part) ? value.slice(0, value.length - part.length) : value,
  ),
  trim_space: unary(text, (value) => value.trim()),
  format_int: binary(number, number, formatInt),
  sprintf: binary(text, any, formatText),
  'strings.any_prefix_match': binary(any, any, (values, parts) =>
    anyPair(values, parts, (a, b) => a.startsWith(b)),
  ),
  'strings.any_suffix_match': binary(any, any, (values, parts) =>
    anyPair(values, parts, (a, b) => a.endsWith(b)),
  ),
  'strings.count': binary(text, text, (value, part) =>
    part === '' ? undefined : value.split(part).length - 1,
  ),
  'strings.replace_n': binary(object, text, (replacements, value) => {
    const pairs = replacements.entries.filter(
      (entry): entry is readonly [string, string] => text(entry[0]) && text(entry[1]),
    );
    if (pairs.length !== replacements.size) return undefined;
    return pairs.reduce((result, [old, replacement]) => result.replaceAll(old, () => replacement), value);
  }),
  'strings.reverse': unary(text, (value) => lettersOf(value).toReversed().join('')),
};

/** Whether a relation holds for one of the texts on both sides; each side is a text or several. */
function anyPair(
  values: Parameters<typeof texts>[0],
  parts: Parameters<typeof texts>[0],
  holds: (value: string, part: string) => boolean,
): boolean | undefined {
  const [one, other] = [text(values) ? [values] : texts(values), text(parts) ? [parts] : texts(parts)];
  if (one === undefined || other === undefined) return undefined;
  return one.some((value) => other.some((part) => holds(value, part)));
}
