// SPDX-License-Identifier: Apache-2.0
import { fromJson, type Json, toJson } from './json.ts';
import { parseModule } from './parse-module.ts';
import { RegoError } from './rego-error.ts';
import { resolveModule } from './resolve.ts';
import { type Program, RuleEvaluation } from './rule-evaluation.ts';

/** What a rule says. */
export interface RuleResult {
  /** Undefined when the rule does not exist or does not hold and has no default. */
  readonly value: Json | undefined;
  /** Lines the policy has printed. */
  readonly prints: readonly string[];
}

/** A policy that can be asked. */
export interface RegoPolicy {
  /** Name of its package. */
  readonly packageName: string;
  /**
   * The value of a rule. It depends on nothing but policy, input and data.
   *
   * @throws RegoError; its `prints` are lost
   */
  evaluate(rule: string, input: Json, data: Json): RuleResult;
}

/** Terms that may be evaluated before a policy is given up: seconds, not minutes. */
const maxSteps = 5_000_000;

/**
 * Reads a policy written in Rego, either dialect: one package, complete rules, functions with `else`, partial sets and
 * objects, defaults, comprehensions, `some`, `every`, `in`, `not`, `with` on documents, and the functions of
 * `builtins/`. Anything else is refused, so that no policy means less than its author thinks.
 *
 * @throws RegoError `syntax`, `unsafe`
 */
export function compileRego(source: string): RegoPolicy {
  const module = parseModule(source);
  const program: Program = { packageName: module.packageName, definitions: resolveModule(module) };
  return {
    packageName: module.packageName,
    evaluate(rule, input, data) {
      const prints: string[] = [];
      const documents = { input: fromJson(input), data: fromJson(data) };
      try {
        const value = new RuleEvaluation(program, documents, { steps: maxSteps, prints }).rule(rule);
        return { value: value === undefined ? undefined : toJson(value), prints };
      } catch (error) {
        // The only way to run out of stack is nesting without end.
        if (error instanceof RangeError) throw new RegoError('too_long', 'the policy is nested too deep');
        throw error;
      }
    },
  };
}
