// SPDX-License-Identifier: Apache-2.0
import type { PolicyDecision, PolicyEngine } from '../policy/policy-engine.ts';
import { policyRequestOf } from '../policy/request-json.ts';
import { compileRego, type RuleResult } from '../policy/rego/engine.ts';
import { type Json, jsonText } from '../policy/rego/json.ts';
import { applyPatch } from '../policy/rego/json-patch.ts';
import { RegoError } from '../policy/rego/rego-error.ts';

const packageName = 'agent_policy';
/** Rule that lets everything pass that another rule refuses, for looking for the mistake in a policy. */
const allowFailingRule = 'AllowRequestsFailingPolicy';
const limits = { lineBytes: 64 * 1024, bytes: 16 * 1024 * 1024, lines: 200_000 };
/** Called too often, or too long, to be noted. */
const notNoted: ReadonlySet<string> = new Set([
  'StatsContainerRequest',
  'ReadStreamRequest',
  'SetPolicyRequest',
]);

function checkSize(source: string): void {
  const lines = source.split('\n');
  const longest = lines.reduce((most, line) => Math.max(most, line.length), 0);
  if (source.length > limits.bytes) throw new RegoError('syntax', 'the policy is too long');
  if (lines.length > limits.lines) throw new RegoError('syntax', 'the policy has too many lines');
  if (longest > limits.lineBytes) throw new RegoError('syntax', 'a line of the policy is too long');
}

/** What a rule has to say: true or false, or an object with changes of the state. */
function answerOf(rule: string, value: Json | undefined): { readonly allowed: boolean; readonly ops?: Json } {
  if (typeof value === 'boolean') return { allowed: value };
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const allowed: unknown = Reflect.get(value, 'allowed');
    const ops: unknown = Reflect.get(value, 'ops');
    if (typeof allowed === 'boolean') {
      // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a part of JSON is JSON
      return ops === undefined || ops === null ? { allowed } : { allowed, ops: ops as Json };
    }
  }
  const problem =
    value === undefined ? 'has no value' : 'is neither a truth value nor an object with `allowed`';
  throw new RegoError('type', `rule ${rule} ${problem}`);
}

/**
 * Compiles a policy in Rego: package `agent_policy`, one rule per request, named after its message.
 *
 * @throws RegoError for a text that is no policy
 */
export function compilePolicy(source: string): PolicyEngine {
  checkSize(source);
  const policy = compileRego(source);
  let data: Json = { pstate: {} };

  const evaluate = (rule: string, input: Json): RuleResult =>
    policy.packageName === packageName
      ? policy.evaluate(rule, input, data)
      : { value: undefined, prints: [] };

  const decideRule = (rule: string, input: Json, allowFailing: boolean): PolicyDecision => {
    const { value, prints } = evaluate(rule, input);
    const reason = prints.join(' ');
    if (value === undefined && allowFailing) return { rule, allowed: true, reason };
    const { allowed, ops } = answerOf(rule, value);
    if (allowed && ops !== undefined) data = applyPatch(data, ops);
    return { rule, allowed: allowed || allowFailing, reason };
  };

  const allowFailing = (() => {
    try {
      return decideRule(allowFailingRule, {}, false).allowed;
    } catch {
      // Most policies have no such rule.
      return false;
    }
  })();

  return {
    decide(method, encoded) {
      const { rule, input } = policyRequestOf(method, encoded);
      const decision = decideRule(rule, input, allowFailing);
      if (notNoted.has(rule)) return decision;
      return { ...decision, note: () => `{"kind":${JSON.stringify(rule)},"request":${jsonText(input)}}\n` };
    },
  };
}
