// SPDX-License-Identifier: Apache-2.0
import type { Definition } from './ast.ts';
import { RegoError } from './rego-error.ts';
import { type Documents, type Frame, type Rules, TermEvaluation } from './term-evaluation.ts';
import { equalValues, type RegoValue, RegoObject, RegoSet } from './value.ts';

/** A policy whose names have their meaning. */
export interface Program {
  readonly packageName: string;
  readonly definitions: ReadonlyMap<string, readonly Definition[]>;
}

/** What one evaluation may still do, and what it has said; shared by its parts. */
export interface EvaluationState {
  /** Terms that may still be evaluated. */
  steps: number;
  /** Lines printed. */
  readonly prints: string[];
}

const maxCallDepth = 100;

function emptyFrame(slotCount: number): Frame {
  return new Array<undefined>(slotCount).fill(undefined);
}

/** The rules of a policy on given documents. Each is evaluated when it is first needed, and then once. */
export class RuleEvaluation implements Rules {
  readonly #program: Program;
  readonly #terms: TermEvaluation;
  readonly #values = new Map<string, RegoValue | undefined>();
  readonly #underWay = new Set<string>();
  #callDepth = 0;

  constructor(program: Program, documents: Documents, state: EvaluationState) {
    this.#program = program;
    this.#terms = new TermEvaluation({
      packageName: program.packageName,
      documents,
      state,
      rules: this,
      replace: (others) => new RuleEvaluation(program, others, state).#terms,
    });
  }

  /**
   * The value of a rule that is no function.
   *
   * @throws RegoError
   */
  rule(name: string): RegoValue | undefined {
    if (this.#values.has(name)) return this.#values.get(name);
    if (this.#underWay.has(name)) throw new RegoError('recursion', `rule ${name} needs itself`);
    this.#underWay.add(name);
    const value = this.#ruleValue(name, this.#program.definitions.get(name) ?? []);
    this.#underWay.delete(name);
    this.#values.set(name, value);
    return value;
  }

  #ruleValue(name: string, definitions: readonly Definition[]): RegoValue | undefined {
    switch (definitions[0]?.kind) {
      case 'complete':
        return this.#complete(name, definitions, []);
      case 'set': {
        const items: RegoValue[] = [];
        for (const { branches, slotCount } of definitions) {
          for (const { body, value } of branches) {
            const frame = emptyFrame(slotCount);
            this.#terms.holds(body, frame, () =>
              this.#terms.values(value, frame, (item) => {
                items.push(item);
                return false;
              }),
            );
          }
        }
        return new RegoSet(items);
      }
      case 'object':
        return this.#partialObject(name, definitions);
      case 'function':
      case undefined:
        return undefined;
    }
  }

  #partialObject(name: string, definitions: readonly Definition[]): RegoValue {
    const entries: (readonly [RegoValue, RegoValue])[] = [];
    for (const { branches, slotCount, key } of definitions) {
      for (const { body, value } of branches) {
        const frame = emptyFrame(slotCount);
        this.#terms.holds(body, frame, () =>
          this.#terms.values(key ?? value, frame, (found) =>
            this.#terms.values(value, frame, (item) => {
              entries.push([found, item]);
              return false;
            }),
          ),
        );
      }
    }
    const object = new RegoObject(entries);
    for (const [key, value] of entries) {
      const kept = object.get(key);
      if (kept !== undefined && !equalValues(kept, value)) this.#conflict(name);
    }
    return object;
  }

  /** A complete rule, or a function for its arguments. All definitions are evaluated: they must not contradict. */
  #complete(
    name: string,
    definitions: readonly Definition[],
    args: readonly RegoValue[],
  ): RegoValue | undefined {
    let result: RegoValue | undefined;
    for (const definition of definitions) {
      if (definition.isDefault) continue;
      const value = this.#definition(name, definition, args);
      if (value === undefined) continue;
      if (result !== undefined && !equalValues(result, value)) this.#conflict(name);
      result = value;
    }
    if (result !== undefined) return result;
    const fallback = definitions.find(({ isDefault }) => isDefault);
    return fallback === undefined ? undefined : this.#definition(name, fallback, args);
  }

  #definition(name: string, definition: Definition, args: readonly RegoValue[]): RegoValue | undefined {
    const { parameters, branches, slotCount } = definition;
    if (parameters.length !== args.length) {
      throw new RegoError('type', `function ${name} takes ${parameters.length.toString()} arguments`);
    }
    const frame = emptyFrame(slotCount);
    let result: RegoValue | undefined;
    this.#terms.matches(parameters, args, frame, () => {
      for (const { body, value } of branches) {
        const isFixed = value.kind === 'constant';
        this.#terms.holds(body, frame, () =>
          this.#terms.values(value, frame, (found) => {
            if (result !== undefined && !equalValues(result, found)) this.#conflict(name);
            result = found;
            return isFixed;
          }),
        );
        if (result !== undefined) return true;
      }
      return true;
    });
    return result;
  }

  #conflict(name: string): never {
    throw new RegoError('conflict', `rule ${name} has more than one value`);
  }

  /** The value of a function of the policy. */
  function(name: string, args: readonly RegoValue[]): RegoValue | undefined {
    if (this.#callDepth >= maxCallDepth)
      throw new RegoError('recursion', `function ${name} calls itself too often`);
    this.#callDepth += 1;
    try {
      return this.#complete(name, this.#program.definitions.get(name) ?? [], args);
    } finally {
      this.#callDepth -= 1;
    }
  }
}
