// SPDX-License-Identifier: Apache-2.0
import type { Body, Operator, Term } from './ast.ts';
import type { TokenReader } from './token-reader.ts';
import { RegoSet } from './value.ts';

/** Parses the body of a comprehension or of `every`, up to its closing mark. */
export type ParseBody = (end: ']' | '}') => Body;

/** Infix operators by how strongly they bind, weakest first. */
const levels: readonly (readonly Operator[])[] = [
  ['in'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['|'],
  ['&'],
  ['+', '-'],
  ['*', '/', '%'],
];
/** A line that begins with one of these is a new expression. */
const neverContinues: ReadonlySet<string> = new Set(['-', 'in']);

/** Parses expressions. */
export class TermParser {
  readonly #reader: TokenReader;
  readonly #parseBody: ParseBody;
  #wildcards = 0;

  constructor(reader: TokenReader, parseBody: ParseBody) {
    this.#reader = reader;
    this.#parseBody = parseBody;
  }

  /** An expression of a body: a term, `a := b` or `a = b`. */
  expression(): Term {
    const left = this.term();
    const { startsLine } = this.#reader.current;
    if (!startsLine && this.#reader.accept(':=')) return { kind: 'assign', left, right: this.term() };
    if (!startsLine && this.#reader.accept('=')) return { kind: 'unify', left, right: this.term() };
    return left;
  }

  /** A term with infix operators. */
  term(): Term {
    return this.#reader.nested(() => this.#infix(0, true));
  }

  /** A term that ends at `|` or `in`, for places where these mean something else. */
  head(): Term {
    return this.#reader.nested(() => this.#infix(1, false));
  }

  #infix(level: number, withUnion: boolean): Term {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#infix(level + 1, withUnion);
    for (;;) {
      const operator = operators.find((candidate) => this.#reader.is(candidate));
      if (operator === undefined || (operator === '|' && !withUnion)) return left;
      if (this.#reader.current.startsLine && neverContinues.has(operator)) return left;
      this.#reader.take();
      left = { kind: 'infix', operator, left, right: this.#infix(level + 1, withUnion) };
    }
  }

  #unary(): Term {
    if (!this.#reader.accept('-')) return this.#postfix(this.#primary());
    const right = this.#unary();
    if (right.kind === 'constant' && typeof right.value === 'number') {
      return { kind: 'constant', value: -right.value };
    }
    return { kind: 'infix', operator: '-', left: { kind: 'constant', value: 0 }, right };
  }

  /** What follows a term without a space: `.name`, `[term]`, `(arguments)`. */
  #postfix(head: Term): Term {
    const reader = this.#reader;
    const path: Term[] = [];
    while (reader.current.touches && (reader.is('.') || reader.is('[') || reader.is('('))) {
      if (reader.is('(')) return this.#postfix(this.#call(head, path));
      if (reader.accept('.')) {
        if (reader.current.kind === 'constant') reader.fail('expected a name');
        path.push({ kind: 'constant', value: reader.take().text });
      } else {
        reader.expect('[');
        path.push(this.term());
        reader.expect(']');
      }
    }
    return path.length === 0 ? head : { kind: 'reference', head, path };
  }

  #call(head: Term, path: readonly Term[]): Term {
    const names = path.map((part) =>
      part.kind === 'constant' && typeof part.value === 'string' ? part.value : '',
    );
    if (head.kind !== 'variable' || names.includes('')) this.#reader.fail('what is called has no name');
    const { line } = head;
    this.#reader.expect('(');
    const args = this.#list(')');
    return { kind: 'call', name: [head.name, ...names].join('.'), args, line };
  }

  /** Terms between commas up to a closing mark, which is taken. */
  #list(end: string): readonly Term[] {
    const items: Term[] = [];
    while (!this.#reader.accept(end)) {
      if (items.length > 0) this.#reader.expect(',');
      // A comma may stand before the closing mark too.
      if (this.#reader.accept(end)) break;
      items.push(this.term());
    }
    return items;
  }

  #primary(): Term {
    const reader = this.#reader;
    const { kind, text, value, line } = reader.current;
    if (kind === 'constant' && value !== undefined) {
      reader.take();
      return { kind: 'constant', value };
    }
    if (kind === 'name') {
      reader.take();
      if (text === '_') return { kind: 'variable', name: `_${(this.#wildcards += 1).toString()}`, line };
      if (text === 'set' && reader.is('(') && reader.following?.text === ')') {
        reader.take();
        reader.take();
        return { kind: 'constant', value: new RegoSet() };
      }
      return { kind: 'variable', name: text, line };
    }
    if (reader.accept('(')) return this.#parenthesised();
    if (reader.accept('[')) return this.#array();
    if (reader.accept('{')) return this.#braces();
    return reader.fail('expected a term');
  }

  #parenthesised(): Term {
    const first = this.term();
    if (this.#reader.accept(',')) {
      const value = this.head();
      this.#reader.expect('in');
      const of = this.term();
      this.#reader.expect(')');
      return { kind: 'membership', key: first, value, of };
    }
    this.#reader.expect(')');
    return first;
  }

  #array(): Term {
    if (this.#reader.accept(']')) return { kind: 'array', items: [] };
    const first = this.head();
    if (this.#reader.accept('|')) {
      return { kind: 'comprehension', of: 'array', value: first, body: this.#parseBody(']') };
    }
    return { kind: 'array', items: [this.#continued(first), ...this.#rest(']')] };
  }

  #braces(): Term {
    const reader = this.#reader;
    if (reader.accept('}')) return { kind: 'object', entries: [] };
    const first = this.head();
    if (!reader.accept(':')) {
      if (reader.accept('|')) {
        return { kind: 'comprehension', of: 'set', value: first, body: this.#parseBody('}') };
      }
      return { kind: 'set', items: [this.#continued(first), ...this.#rest('}')] };
    }
    const firstValue = this.head();
    if (reader.accept('|')) {
      return {
        kind: 'comprehension',
        of: 'object',
        key: first,
        value: firstValue,
        body: this.#parseBody('}'),
      };
    }
    const entries: (readonly [Term, Term])[] = [[first, this.#continued(firstValue)]];
    while (!reader.accept('}')) {
      reader.expect(',');
      if (reader.accept('}')) break;
      const key = this.head();
      reader.expect(':');
      entries.push([key, this.term()]);
    }
    return { kind: 'object', entries };
  }

  /** A first element was read as a head, which ends before `in`. */
  #continued(head: Term): Term {
    if (!this.#reader.accept('in')) return head;
    return { kind: 'infix', operator: 'in', left: head, right: this.head() };
  }

  #rest(end: ']' | '}'): readonly Term[] {
    if (this.#reader.accept(end)) return [];
    this.#reader.expect(',');
    return this.#list(end);
  }
}
