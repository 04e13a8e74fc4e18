// SPDX-License-Identifier: Apache-2.0
import { RE2JS } from 're2js';
import { binary, type BuiltinTable, number, ternary, text, unary } from './builtin.ts';

/** Patterns that have been compiled; policies use few, over and over. */
const compiled = new Map<string, RE2JS | undefined>();
const maxCompiled = 1_000;

/** RE2's syntax, which takes time linear in the text; undefined for a pattern that is none. */
function compile(pattern: string): RE2JS | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern);
  if (compiled.size >= maxCompiled) compiled.clear();
  let regex: RE2JS | undefined;
  try {
    regex = RE2JS.compile(pattern);
  } catch {
    regex = undefined;
  }
  compiled.set(pattern, regex);
  return regex;
}

function findAll(pattern: string, value: string, limit: number): readonly (readonly string[])[] | undefined {
  const regex = compile(pattern);
  if (regex === undefined) return undefined;
  const matcher = regex.matcher(value);
  const found: string[][] = [];
  while ((limit < 0 || found.length < limit) && matcher.find()) {
    found.push(Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? ''));
  }
  return found;
}

/** Functions on patterns. */
export const regexBuiltins: BuiltinTable = {
  'regex.is_valid': unary(text, (pattern) => compile(pattern) !== undefined),
  'regex.match': binary(text, text, (pattern, value) => compile(pattern)?.matcher(value).find()),
  'regex.find_n': ternary(text, text, number, (pattern, value, limit) =>
    findAll(pattern, value, Number(limit))?.map(([whole = '']) => whole),
  ),
  'regex.find_all_string_submatch_n': ternary(text, text, number, (pattern, value, limit) =>
    findAll(pattern, value, Number(limit)),
  ),
  'regex.split': binary(text, text, (pattern, value) => compile(pattern)?.split(value, -1)),
  'regex.replace': ternary(text, text, text, (value, pattern, replacement) =>
    compile(pattern)?.matcher(value).replaceAll(replacement),
  ),
};
