// SPDX-License-Identifier: Apache-2.0
import { RegoError } from './rego-error.ts';
import type { RegoValue } from './value.ts';
import { wholeNumber } from './json.ts';

/** A word of the language. */
export interface Token {
  readonly kind: 'name' | 'keyword' | 'constant' | 'mark' | 'end';
  /** Its text; of constants too. */
  readonly text: string;
  /** Of constants. */
  readonly value?: RegoValue;
  readonly line: number;
  /** Whether it is the first of its line. */
  readonly startsLine: boolean;
  /** Whether it touches the one before. */
  readonly touches: boolean;
}

const keywords: ReadonlySet<string> = new Set([
  ...['as', 'default', 'else', 'every', 'if', 'import', 'in', 'not', 'package', 'some', 'with'],
]);
const constants: ReadonlyMap<string, RegoValue> = new Map<string, RegoValue>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

const patterns = {
  space: /[ \t\r]+|#[^\n]*/y,
  name: /[A-Za-z_][A-Za-z0-9_]*/y,
  number: /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y,
  text: /"(?:[^"\\\n]|\\.)*"/y,
  rawText: /`[^`]*`/y,
  mark: /:=|==|!=|<=|>=|[-+*/%|&=<>()[\]{},;:.]/y,
};

function numberOf(text: string): RegoValue {
  return /^[0-9]+$/.test(text) ? wholeNumber(BigInt(text)) : Number(text);
}

function textOf(text: string, line: number): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
  } catch {
    // The same complaint as below.
  }
  throw new RegoError('syntax', `line ${line.toString()}: text with an escape that does not exist: ${text}`);
}

/**
 * Cuts a policy into words.
 *
 * @throws RegoError `syntax`
 */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let startsLine = true;
  let touches = false;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text !== undefined) at += text.length;
    return text;
  };
  const add = (kind: Token['kind'], text: string, value?: RegoValue): void => {
    tokens.push({ kind, text, line, startsLine, touches, ...(value === undefined ? {} : { value }) });
    startsLine = false;
    touches = true;
  };
  /** @returns whether there was a word */
  const addNext = (): boolean => {
    const name = match(patterns.name);
    if (name !== undefined) {
      const constant = constants.get(name);
      if (constant !== undefined) add('constant', name, constant);
      else add(keywords.has(name) ? 'keyword' : 'name', name);
      return true;
    }
    const number = match(patterns.number);
    if (number !== undefined) add('constant', number, numberOf(number));
    else {
      const text = match(patterns.text);
      if (text !== undefined) add('constant', text, textOf(text, line));
      else {
        const raw = match(patterns.rawText);
        if (raw !== undefined) {
          add('constant', raw, raw.slice(1, -1));
          line += raw.split('\n').length - 1;
        } else {
          const mark = match(patterns.mark);
          if (mark === undefined) return false;
          add('mark', mark);
        }
      }
    }
    return true;
  };

  while (at < source.length) {
    if (source[at] === '\n') {
      at += 1;
      line += 1;
      startsLine = true;
      touches = false;
    } else if (match(patterns.space) !== undefined) touches = false;
    else if (!addNext()) {
      const character = JSON.stringify(source[at]);
      throw new RegoError('syntax', `line ${line.toString()}: unexpected character ${character}`);
    }
  }
  startsLine = true;
  add('end', 'end of the policy');
  return tokens;
}
