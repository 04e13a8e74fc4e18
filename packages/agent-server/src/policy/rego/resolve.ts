// SPDX-License-Identifier: Apache-2.0
import type { Body, Branch, Definition, Literal, Module, Term } from './ast.ts';
import { isBuiltin } from './builtins/index.ts';
import { RegoError } from './rego-error.ts';
import { Scope } from './scope.ts';
import { flowOf, literalFlows } from './variables.ts';

/** Names a pattern declares. */
function patternNames(term: Term): readonly string[] {
  if (term.kind === 'variable') return [term.name];
  if (term.kind === 'array') return term.items.flatMap(patternNames);
  if (term.kind === 'object') return term.entries.flatMap(([, value]) => patternNames(value));
  return [];
}

/** Names a literal declares for its whole body. */
function declaredNames(literal: Literal): readonly string[] {
  if (literal.kind === 'some') return literal.names;
  if (literal.kind === 'some-in') {
    return [...(literal.key === undefined ? [] : patternNames(literal.key)), ...patternNames(literal.value)];
  }
  if (literal.kind === 'expression' && literal.term.kind === 'assign') return patternNames(literal.term.left);
  return [];
}

/** What rules there are, by name. */
export type RuleKinds = ReadonlyMap<string, Definition['kind']>;

/** Gives the names of one definition their meaning, and its bodies an order in which variables have values when used. */
class Resolver {
  readonly #module: Module;
  readonly #rules: RuleKinds;
  readonly #line: number;
  readonly #wildcards = new Set<number>();
  #slotCount = 0;

  constructor(module: Module, rules: RuleKinds, line: number) {
    this.#module = module;
    this.#rules = rules;
    this.#line = line;
  }

  definition(definition: Definition): Definition {
    const scope = new Scope();
    this.#declareAll(scope, definition.parameters.flatMap(patternNames));
    const parameters = definition.parameters.map((parameter) => this.#term(parameter, scope));
    let key: Term | undefined;
    const branches = definition.branches.map(({ value, body }): Branch => {
      const firstSlot = this.#slotCount;
      const inner = new Scope(scope);
      const declared = body.flatMap(declaredNames);
      const parameter = declared.find((name) => scope.hasOwn(name));
      if (parameter !== undefined) this.#fail('syntax', `parameter ${parameter} is declared again`);
      this.#declareBody(inner, body);
      const literals = body.map((literal) => this.#literal(literal, inner));
      const heads = [this.#term(value, inner)];
      if (definition.key !== undefined) heads.push((key = this.#term(definition.key, inner)));
      return { value: heads[0] ?? value, body: this.#inOrder(literals, firstSlot, heads) };
    });
    const slotCount = this.#slotCount;
    return { ...definition, parameters, branches, slotCount, ...(key === undefined ? {} : { key }) };
  }

  #fail(code: 'syntax' | 'unsafe', problem: string): never {
    throw new RegoError(code, `line ${this.#line.toString()}: ${problem}`);
  }

  #declare(scope: Scope, name: string): number {
    const slot = this.#slotCount;
    this.#slotCount += 1;
    scope.declare(name, slot);
    if (/^_\d+$/.test(name)) this.#wildcards.add(slot);
    return slot;
  }

  #declareAll(scope: Scope, names: readonly string[]): void {
    for (const name of names) {
      if (name === 'input' || name === 'data') this.#fail('syntax', `${name} is declared`);
      if (!scope.hasOwn(name)) this.#declare(scope, name);
    }
  }

  /** Declares what a body declares; each variable is assigned once. */
  #declareBody(scope: Scope, body: readonly Literal[]): void {
    const assigned = new Set<string>();
    for (const literal of body) {
      const names = declaredNames(literal);
      if (literal.kind !== 'some') {
        const twice = names.find((name) => assigned.has(name));
        if (twice !== undefined) this.#fail('syntax', `variable ${twice} is assigned twice`);
        for (const name of names) assigned.add(name);
      }
      this.#declareAll(scope, names);
    }
  }

  /**
   * Orders a body so that each literal finds what it needs.
   *
   * @param firstSlot - slots below have values from outside
   * @param heads - what is evaluated when the body holds
   */
  #inOrder(body: readonly Literal[], firstSlot: number, heads: readonly Term[]): Body {
    const bound = new Set<number>();
    const hasValue = (slot: number) => slot < firstSlot || bound.has(slot);
    const isWildcard = (slot: number) => this.#wildcards.has(slot);
    const waiting = [...body];
    const ordered: Literal[] = [];
    while (waiting.length > 0) {
      const index = waiting.findIndex((literal) =>
        literalFlows(literal, isWildcard).some(({ needs }) => needs.every(hasValue)),
      );
      const [literal] = index < 0 ? [] : waiting.splice(index, 1);
      if (literal === undefined) return this.#fail('unsafe', 'a variable never gets a value');
      ordered.push(literal);
      for (const { gives } of literalFlows(literal, isWildcard)) for (const slot of gives) bound.add(slot);
    }
    if (!flowOf(heads).needs.every(hasValue))
      this.#fail('unsafe', 'a variable of the head never gets a value');
    return ordered;
  }

  #literal(literal: Literal, scope: Scope): Literal {
    if (literal.kind === 'some') return literal;
    if (literal.kind === 'expression') {
      const replacements = literal.replacements.map(({ target, value }) => ({
        target: this.#target(target, scope),
        value: this.#term(value, scope),
      }));
      return { ...literal, term: this.#term(literal.term, scope), replacements };
    }
    const of = this.#term(literal.of, scope);
    const firstSlot = this.#slotCount;
    const inner = literal.kind === 'every' ? new Scope(scope) : scope;
    if (literal.kind === 'every') this.#declareAll(inner, everyNames(literal));
    const value = this.#term(literal.value, inner);
    const key = literal.key === undefined ? {} : { key: this.#term(literal.key, inner) };
    if (literal.kind === 'some-in') return { kind: 'some-in', ...key, value, of };
    const bodyScope = new Scope(inner);
    const bodyFirstSlot = this.#slotCount;
    this.#declareBody(bodyScope, literal.body);
    const body = literal.body.map((item) => this.#literal(item, bodyScope));
    return { kind: 'every', ...key, value, of, body: this.#inOrder(body, bodyFirstSlot, []), firstSlot };
  }

  #comprehension(term: Extract<Term, { kind: 'comprehension' }>, scope: Scope): Term {
    const firstSlot = this.#slotCount;
    const inner = new Scope(scope);
    this.#declareBody(inner, term.body);
    const body = term.body.map((literal) => this.#literal(literal, inner));
    const value = this.#term(term.value, inner);
    const key = term.key === undefined ? undefined : this.#term(term.key, inner);
    const heads = key === undefined ? [value] : [value, key];
    const ordered = this.#inOrder(body, firstSlot, heads);
    return { ...term, ...(key === undefined ? {} : { key }), value, body: ordered, firstSlot };
  }

  #target(target: Term, scope: Scope): Term {
    const resolved = this.#term(target, scope);
    const root = resolved.kind === 'reference' ? resolved.head : resolved;
    const path = resolved.kind === 'reference' ? resolved.path : [];
    const isFixed = path.every(({ kind }) => kind === 'constant');
    if ((root.kind === 'input' || root.kind === 'data') && isFixed) return resolved;
    return this.#fail('syntax', 'only input and data can be replaced by with');
  }

  #term(term: Term, scope: Scope): Term {
    const of = (part: Term) => this.#term(part, scope);
    switch (term.kind) {
      case 'variable':
        return this.#name(term.name, scope);
      case 'call':
        return this.#call({ ...term, args: term.args.map(of) });
      case 'comprehension':
        return this.#comprehension(term, scope);
      case 'reference': {
        const head = of(term.head);
        const path = term.path.map(of);
        // An imported name is a reference itself.
        if (head.kind === 'reference')
          return { kind: 'reference', head: head.head, path: [...head.path, ...path] };
        return { kind: 'reference', head, path };
      }
      case 'array':
      case 'set':
        return { ...term, items: term.items.map(of) };
      case 'object':
        return { ...term, entries: term.entries.map(([key, value]) => [of(key), of(value)]) };
      case 'infix':
      case 'assign':
      case 'unify':
        return { ...term, left: of(term.left), right: of(term.right) };
      case 'membership':
        return { ...term, key: of(term.key), value: of(term.value), of: of(term.of) };
      case 'constant':
      case 'local':
      case 'rule':
      case 'input':
      case 'data':
        return term;
    }
  }

  /** A name is, in this order: declared, imported, a rule, or a variable that is meant without being declared. */
  #name(name: string, scope: Scope): Term {
    const slot = scope.find(name);
    if (slot !== undefined) return { kind: 'local', slot, name };
    if (name === 'input') return { kind: 'input' };
    if (name === 'data') return { kind: 'data' };
    const imported = this.#module.imports.get(name);
    if (imported !== undefined) return imported;
    if (this.#rules.has(name)) return { kind: 'rule', name };
    return { kind: 'local', slot: this.#declare(scope, name), name };
  }

  #call(term: Extract<Term, { kind: 'call' }>): Term {
    const prefix = `data.${this.#module.packageName}.`;
    const name = term.name.startsWith(prefix) ? term.name.slice(prefix.length) : term.name;
    if (this.#rules.get(name) === 'function') return { ...term, name, isRule: true };
    if (isBuiltin(name)) return { ...term, isRule: false };
    return this.#fail('syntax', `there is no function ${term.name}`);
  }
}

function everyNames(literal: Extract<Literal, { kind: 'every' }>): readonly string[] {
  return [...(literal.key === undefined ? [] : patternNames(literal.key)), ...patternNames(literal.value)];
}

/**
 * Gives all names of a policy their meaning.
 *
 * @returns the definitions by the name of their rule
 * @throws RegoError `syntax` for what does not exist, `unsafe` for variables that never get a value
 */
export function resolveModule(module: Module): ReadonlyMap<string, readonly Definition[]> {
  const rules = new Map<string, Definition['kind']>();
  for (const { name, kind, line } of module.definitions) {
    if ((rules.get(name) ?? kind) !== kind) {
      throw new RegoError('syntax', `line ${line.toString()}: rule ${name} is defined in two ways`);
    }
    rules.set(name, kind);
  }
  const definitions = new Map<string, Definition[]>();
  for (const definition of module.definitions) {
    const resolved = new Resolver(module, rules, definition.line).definition(definition);
    definitions.set(definition.name, [...(definitions.get(definition.name) ?? []), resolved]);
  }
  return definitions;
}
