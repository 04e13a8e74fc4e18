// SPDX-License-Identifier: Apache-2.0
import type { Body, Branch, Definition, Literal, Module, Replacement, Term } from './ast.ts';
import { tokenize } from './lexer.ts';
import { TermParser } from './parse-terms.ts';
import { TokenReader } from './token-reader.ts';

const yes: Term = { kind: 'constant', value: true };

class ModuleParser {
  readonly #reader: TokenReader;
  readonly #terms: TermParser;

  constructor(source: string) {
    this.#reader = new TokenReader(tokenize(source));
    this.#terms = new TermParser(this.#reader, (end) => this.#body(end));
  }

  module(): Module {
    const reader = this.#reader;
    reader.expect('package');
    const packageName = this.#dotted().join('.');
    const imports = new Map<string, Term>();
    while (reader.accept('import')) this.#import(imports);
    const definitions: Definition[] = [];
    while (reader.current.kind !== 'end') definitions.push(...this.#rule());
    return { packageName, imports, definitions };
  }

  /** Names joined by dots; parts behind the first may be keywords. */
  #dotted(): string[] {
    const names = [this.#reader.expectName()];
    while (this.#reader.accept('.')) names.push(this.#reader.take().text);
    return names;
  }

  #import(imports: Map<string, Term>): void {
    const { line } = this.#reader.current;
    const [root = '', ...path] = this.#dotted();
    const alias = this.#reader.accept('as') ? this.#reader.expectName() : (path.at(-1) ?? root);
    // Both dialects of the language are understood side by side.
    if (root === 'rego' || root === 'future') return;
    if (root !== 'input' && root !== 'data') this.#reader.fail(`line ${line.toString()}: import of ${root}`);
    const head: Term = root === 'input' ? { kind: 'input' } : { kind: 'data' };
    if (path.length === 0) imports.set(alias, head);
    else
      imports.set(alias, {
        kind: 'reference',
        head,
        path: path.map((value) => ({ kind: 'constant', value })),
      });
  }

  /** One rule; several when it has more than one body. */
  #rule(): readonly Definition[] {
    const reader = this.#reader;
    const { line } = reader.current;
    const isDefault = reader.accept('default');
    const name = reader.expectName();
    const common = { name, isDefault, slotCount: 0, line };
    if (reader.is('(') && reader.current.touches) {
      reader.take();
      const parameters = this.#parameters();
      return this.#bodies(this.#value()).map((branches) => ({
        ...common,
        kind: 'function',
        parameters,
        branches,
      }));
    }
    const parameters: readonly Term[] = [];
    if (reader.is('.')) reader.fail('rules with a path as name are not supported');
    if (reader.current.kind === 'name' && reader.current.text === 'contains') {
      reader.take();
      const value = this.#terms.term();
      return this.#bodies(value).map((branches) => ({ ...common, kind: 'set', parameters, branches }));
    }
    if (!reader.is('[') || !reader.current.touches) {
      return this.#bodies(this.#value()).map((branches) => ({
        ...common,
        kind: 'complete',
        parameters,
        branches,
      }));
    }
    reader.take();
    const key = this.#terms.term();
    reader.expect(']');
    if (reader.is(':=') || reader.is('=')) {
      return this.#bodies(this.#value()).map((branches) => ({
        ...common,
        kind: 'object',
        parameters,
        key,
        branches,
      }));
    }
    if (reader.is('[') || reader.is('.')) reader.fail('rules with a path as name are not supported');
    return this.#bodies(key).map((branches) => ({ ...common, kind: 'set', parameters, branches }));
  }

  #parameters(): readonly Term[] {
    const parameters: Term[] = [];
    while (!this.#reader.accept(')')) {
      if (parameters.length > 0) this.#reader.expect(',');
      parameters.push(this.#terms.term());
    }
    return parameters;
  }

  #value(): Term {
    return this.#reader.accept(':=') || this.#reader.accept('=') ? this.#terms.term() : yes;
  }

  /** What follows a rule's head: nothing, bodies, or a body and what is tried else. */
  #bodies(value: Term): readonly (readonly Branch[])[] {
    const reader = this.#reader;
    const first = this.#ruleBody();
    const branches: Branch[] = [{ value, body: first ?? [] }];
    if (first === undefined) return [branches];
    const more: Branch[][] = [];
    // `else` may begin a new line.
    while (reader.accept('else')) {
      const otherValue = this.#value();
      branches.push({ value: otherValue, body: this.#ruleBody() ?? [] });
    }
    while (reader.is('{') && branches.length === 1) {
      reader.take();
      more.push([{ value, body: this.#body('}') }]);
    }
    return [branches, ...more];
  }

  #ruleBody(): Body | undefined {
    const reader = this.#reader;
    const hasIf = reader.accept('if');
    if (reader.is('{') && (hasIf || !reader.current.startsLine)) {
      reader.take();
      return this.#body('}');
    }
    return hasIf ? [this.#literal()] : undefined;
  }

  /** Literals up to a closing mark, which is taken. */
  #body(end: ']' | '}'): Body {
    const reader = this.#reader;
    const literals: Literal[] = [];
    while (!reader.accept(end)) {
      if (literals.length > 0 && !reader.accept(';') && !reader.current.startsLine) {
        reader.fail('expected a new line');
      }
      if (reader.accept(end)) break;
      literals.push(reader.nested(() => this.#literal()));
    }
    if (literals.length === 0) reader.fail('body without an expression');
    return literals;
  }

  #literal(): Literal {
    const reader = this.#reader;
    if (reader.accept('some')) return this.#some();
    if (reader.accept('every')) {
      const { key, value } = this.#keyAndValue();
      reader.expect('in');
      const of = this.#terms.head();
      reader.expect('{');
      return { kind: 'every', ...(key === undefined ? {} : { key }), value, of, body: this.#body('}') };
    }
    const isNegated = reader.accept('not');
    const term = this.#terms.expression();
    const replacements: Replacement[] = [];
    while (reader.accept('with')) {
      const target = this.#terms.head();
      reader.expect('as');
      replacements.push({ target, value: this.#terms.term() });
    }
    return { kind: 'expression', term, isNegated, replacements };
  }

  #keyAndValue(): { readonly key?: Term; readonly value: Term } {
    const first = this.#terms.head();
    return this.#reader.accept(',') ? { key: first, value: this.#terms.head() } : { value: first };
  }

  #some(): Literal {
    const terms = [this.#terms.head()];
    while (this.#reader.accept(',')) terms.push(this.#terms.head());
    const [first, second] = terms;
    if (this.#reader.accept('in') && first !== undefined && terms.length <= 2) {
      const of = this.#terms.term();
      return second === undefined
        ? { kind: 'some-in', value: first, of }
        : { kind: 'some-in', key: first, value: second, of };
    }
    const names = terms.map((term) =>
      term.kind === 'variable' ? term.name : this.#reader.fail('expected a name'),
    );
    return { kind: 'some', names };
  }
}

/**
 * Parses a policy. Both dialects are taken, with and without `if` before bodies; what is not supported is refused.
 *
 * @throws RegoError `syntax`
 */
export function parseModule(source: string): Module {
  return new ModuleParser(source).module();
}
