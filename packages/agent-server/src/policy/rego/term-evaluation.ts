// SPDX-License-Identifier: Apache-2.0
import type { Body, Literal, Term } from './ast.ts';
import { callBuiltin } from './builtins/index.ts';
import { elementOf, entriesOf, hasFree, pairs, withPath } from './collections.ts';
import { infix } from './infix.ts';
import { RegoError } from './rego-error.ts';
import type { EvaluationState } from './rule-evaluation.ts';
import { show } from './show.ts';
import { equalValues, isArray, type RegoValue, RegoObject, RegoSet } from './value.ts';

/** What rules are evaluated on. */
export interface Documents {
  readonly input: RegoValue | undefined;
  readonly data: RegoValue;
}

/** The rules that terms refer to. */
export interface Rules {
  /** @throws RegoError */
  rule(name: string): RegoValue | undefined;
  /** @throws RegoError */
  function(name: string, args: readonly RegoValue[]): RegoValue | undefined;
}

/** What a {@link TermEvaluation} works with. */
export interface TermEvaluationParts {
  readonly packageName: string;
  readonly documents: Documents;
  readonly state: EvaluationState;
  readonly rules: Rules;
  /** The same policy on other documents. */
  readonly replace: (documents: Documents) => TermEvaluation;
}

/** Values of the variables of one definition, by slot. */
export type Frame = (RegoValue | undefined)[];
/** Gets one result after the other; true stops the search. */
type Use = (value: RegoValue) => boolean;
type Found = () => boolean;

/** More lines would not fit into an answer anyhow. */
const maxPrints = 10_000;

/**
 * Evaluates terms and bodies. Results come one by one to a function, which may stop the search; variables have their values
 * in the frame while it runs.
 */
export class TermEvaluation {
  readonly #parts: TermEvaluationParts;

  constructor(parts: TermEvaluationParts) {
    this.#parts = parts;
  }

  /** Finds the ways in which a body holds. */
  holds(body: Body, frame: Frame, found: Found): boolean {
    return this.#body(body, 0, frame, found);
  }

  /** Finds the values of a term. */
  values(term: Term, frame: Frame, use: Use): boolean {
    return this.#term(term, frame, use);
  }

  /** Finds the ways in which patterns fit values. */
  matches(patterns: readonly Term[], values: readonly RegoValue[], frame: Frame, found: Found): boolean {
    return this.#matchAll(patterns, values, frame, found);
  }

  #step(): void {
    this.#parts.state.steps -= 1;
    if (this.#parts.state.steps < 0) throw new RegoError('too_long', 'the policy takes too many steps');
  }

  /** Finds the ways in which the literals from `index` on hold. */
  #body(body: Body, index: number, frame: Frame, found: Found): boolean {
    const literal = body[index];
    if (literal === undefined) return found();
    return this.#literal(literal, frame, () => this.#body(body, index + 1, frame, found));
  }

  #holds(body: Body, frame: Frame): boolean {
    return this.#body(body, 0, frame, () => true);
  }

  #literal(literal: Literal, frame: Frame, found: Found): boolean {
    switch (literal.kind) {
      case 'some':
        return found();
      case 'some-in':
        return this.#term(literal.of, frame, (collection) =>
          entriesOf(collection).some(([key, value]) => this.#matchEntry(literal, key, value, frame, found)),
        );
      case 'every':
        return this.#every(literal, frame) && found();
      case 'expression':
        break;
    }
    const { term, isNegated, replacements } = literal;
    if (replacements.length > 0) return this.#replaced(literal, frame, found);
    if (isNegated) return !this.#expression(term, frame, () => true) && found();
    return this.#expression(term, frame, found);
  }

  #matchEntry(
    pattern: { readonly key?: Term; readonly value: Term },
    key: RegoValue,
    value: RegoValue,
    frame: Frame,
    found: Found,
  ): boolean {
    const matchValue = () => this.#match(pattern.value, value, frame, found);
    return pattern.key === undefined ? matchValue() : this.#match(pattern.key, key, frame, matchValue);
  }

  #every(literal: Extract<Literal, { kind: 'every' }>, frame: Frame): boolean {
    let collection: RegoValue | undefined;
    this.#term(literal.of, frame, (value) => {
      collection = value;
      return true;
    });
    if (collection === undefined || collection === null || typeof collection !== 'object') return false;
    return entriesOf(collection).every(([key, value]) =>
      this.#matchEntry(literal, key, value, frame, () => this.#holds(literal.body, frame)),
    );
  }

  /** Evaluates an expression on other documents; rules it refers to are evaluated anew. */
  #replaced(literal: Extract<Literal, { kind: 'expression' }>, frame: Frame, found: Found): boolean {
    let documents = this.#parts.documents;
    for (const { target, value } of literal.replacements) {
      let replacement: RegoValue | undefined;
      this.#term(value, frame, (given) => {
        replacement = given;
        return true;
      });
      if (replacement === undefined) return false;
      const root = target.kind === 'reference' ? target.head.kind : target.kind;
      const path = target.kind === 'reference' ? target.path : [];
      const keys = path.flatMap((part) => (part.kind === 'constant' ? [part.value] : []));
      if (root === 'input') documents = { ...documents, input: withPath(documents.input, keys, replacement) };
      else documents = { ...documents, data: withPath(documents.data, keys, replacement) };
    }
    const other = this.#parts.replace(documents);
    const { term, isNegated } = literal;
    if (isNegated) return !other.#expression(term, frame, () => true) && found();
    return other.#expression(term, frame, found);
  }

  #expression(term: Term, frame: Frame, found: Found): boolean {
    if (term.kind === 'assign' || term.kind === 'unify')
      return this.#unify(term.left, term.right, frame, found);
    return this.#term(term, frame, (value) => value !== false && found());
  }

  /** Finds the ways in which two terms are equal. */
  #unify(left: Term, right: Term, frame: Frame, found: Found): boolean {
    if (left.kind === 'array' && right.kind === 'array') {
      if (left.items.length !== right.items.length) return false;
      const next = (index: number): boolean => {
        const [one, other] = [left.items[index], right.items[index]];
        if (one === undefined || other === undefined) return found();
        return this.#unify(one, other, frame, () => next(index + 1));
      };
      return next(0);
    }
    if (hasFree(left, frame))
      return this.#term(right, frame, (value) => this.#match(left, value, frame, found));
    return this.#term(left, frame, (value) => this.#match(right, value, frame, found));
  }

  /** Finds the ways in which a pattern fits a value. */
  #match(pattern: Term, value: RegoValue, frame: Frame, found: Found): boolean {
    if (pattern.kind === 'local' && frame[pattern.slot] === undefined) {
      frame[pattern.slot] = value;
      const stopped = found();
      frame[pattern.slot] = undefined;
      return stopped;
    }
    if (pattern.kind === 'array' && hasFree(pattern, frame)) {
      if (value === null || typeof value !== 'object' || !isArray(value)) return false;
      return this.#matchAll(pattern.items, value, frame, found);
    }
    if (pattern.kind === 'object' && hasFree(pattern, frame)) {
      if (!(value instanceof RegoObject) || value.size !== pattern.entries.length) return false;
      return this.#matchEntries(pattern.entries, value, 0, frame, found);
    }
    return this.#term(pattern, frame, (own) => equalValues(own, value) && found());
  }

  #matchAll(patterns: readonly Term[], values: readonly RegoValue[], frame: Frame, found: Found): boolean {
    if (patterns.length !== values.length) return false;
    const next = (index: number): boolean => {
      const [pattern, value] = [patterns[index], values[index]];
      if (pattern === undefined || value === undefined) return found();
      return this.#match(pattern, value, frame, () => next(index + 1));
    };
    return next(0);
  }

  #matchEntries(
    entries: readonly (readonly [Term, Term])[],
    object: RegoObject,
    index: number,
    frame: Frame,
    found: Found,
  ): boolean {
    const entry = entries[index];
    if (entry === undefined) return found();
    return this.#term(entry[0], frame, (key) => {
      const value = object.get(key);
      if (value === undefined) return false;
      return this.#match(entry[1], value, frame, () =>
        this.#matchEntries(entries, object, index + 1, frame, found),
      );
    });
  }

  /** Finds the values of a term. */
  #term(term: Term, frame: Frame, use: Use): boolean {
    this.#step();
    switch (term.kind) {
      case 'constant':
        return use(term.value);
      case 'local': {
        const value = frame[term.slot];
        if (value === undefined) throw new RegoError('unsafe', `variable ${term.name} has no value`);
        return use(value);
      }
      case 'input':
        return this.#parts.documents.input !== undefined && use(this.#parts.documents.input);
      case 'data':
        return use(this.#parts.documents.data);
      case 'rule': {
        const value = this.#parts.rules.rule(term.name);
        return value !== undefined && use(value);
      }
      case 'reference':
        return this.#reference(term, frame, use);
      case 'array':
        return this.#terms(term.items, frame, (items) => use(items));
      case 'set':
        return this.#terms(term.items, frame, (items) => use(new RegoSet(items)));
      case 'object':
        return this.#terms(term.entries.flat(), frame, (parts) => use(new RegoObject(pairs(parts))));
      case 'comprehension':
        return use(this.#comprehension(term, frame));
      case 'call':
        return this.#call(term, frame, use);
      case 'infix':
        return this.#term(term.left, frame, (left) =>
          this.#term(term.right, frame, (right) => {
            const value = infix(term.operator, left, right);
            return value !== undefined && use(value);
          }),
        );
      case 'membership':
        return this.#terms([term.key, term.value, term.of], frame, ([key, value, of]) => {
          if (key === undefined || value === undefined || of === undefined) return false;
          const isThere = entriesOf(of).some(([k, v]) => equalValues(k, key) && equalValues(v, value));
          return use(isThere);
        });
      case 'assign':
      case 'unify':
        return this.#unify(term.left, term.right, frame, () => use(true));
      case 'variable':
        throw new RegoError('unsafe', `variable ${term.name} has no value`);
    }
  }

  /** Finds the values of several terms together. */
  #terms(terms: readonly Term[], frame: Frame, use: (values: readonly RegoValue[]) => boolean): boolean {
    const values: RegoValue[] = [];
    const next = (index: number): boolean => {
      const term = terms[index];
      if (term === undefined) return use([...values]);
      return this.#term(term, frame, (value) => {
        values[index] = value;
        return next(index + 1);
      });
    };
    return next(0);
  }

  #reference({ head, path }: Extract<Term, { kind: 'reference' }>, frame: Frame, use: Use): boolean {
    if (head.kind === 'data') {
      const names = [...this.#parts.packageName.split('.')];
      const isOwn = names.every((name, index) => {
        const part = path[index];
        return part?.kind === 'constant' && part.value === name;
      });
      const rule = path[names.length];
      if (isOwn && rule?.kind === 'constant' && typeof rule.value === 'string') {
        const value = this.#parts.rules.rule(rule.value);
        return value !== undefined && this.#walk(value, path, names.length + 1, frame, use);
      }
    }
    return this.#term(head, frame, (value) => this.#walk(value, path, 0, frame, use));
  }

  #walk(value: RegoValue, path: readonly Term[], index: number, frame: Frame, use: Use): boolean {
    const part = path[index];
    if (part === undefined) return use(value);
    this.#step();
    if (hasFree(part, frame)) {
      return entriesOf(value).some(([key, item]) => {
        // A set's elements are their own keys.
        const own = value instanceof RegoSet ? item : key;
        return this.#match(part, own, frame, () => this.#walk(item, path, index + 1, frame, use));
      });
    }
    return this.#term(part, frame, (key) => {
      const item = elementOf(value, key);
      return item !== undefined && this.#walk(item, path, index + 1, frame, use);
    });
  }

  #comprehension(term: Extract<Term, { kind: 'comprehension' }>, frame: Frame): RegoValue {
    const items: RegoValue[] = [];
    const entries: (readonly [RegoValue, RegoValue])[] = [];
    this.#body(term.body, 0, frame, () =>
      this.#terms(term.key === undefined ? [term.value] : [term.value, term.key], frame, ([value, key]) => {
        if (value !== undefined) items.push(value);
        if (value !== undefined && key !== undefined) entries.push([key, value]);
        return false;
      }),
    );
    if (term.of === 'array') return items;
    if (term.of === 'set') return new RegoSet(items);
    const object = new RegoObject(entries);
    for (const [key, value] of entries) {
      const kept = object.get(key);
      if (kept !== undefined && !equalValues(kept, value))
        throw new RegoError('conflict', 'an object comprehension has two values for a key');
    }
    return object;
  }

  #call(term: Extract<Term, { kind: 'call' }>, frame: Frame, use: Use): boolean {
    if (term.name === 'print') return this.#print(term, frame, use);
    return this.#terms(term.args, frame, (args) => {
      const value = term.isRule ? this.#parts.rules.function(term.name, args) : callBuiltin(term.name, args);
      return value !== undefined && use(value);
    });
  }

  #print(term: Extract<Term, { kind: 'call' }>, frame: Frame, use: Use): boolean {
    const { packageName, state } = this.#parts;
    const words = term.args.map((argument) => {
      const shown: string[] = [];
      this.#term(argument, frame, (value) => {
        shown.push(show(value));
        return true;
      });
      return shown[0] ?? '<undefined>';
    });
    if (state.prints.length < maxPrints)
      state.prints.push(`${packageName}:${term.line.toString()}: ${words.join(' ')}`);
    return use(true);
  }
}
