// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { AgentError } from '../errors/agent-error.ts';
import { describeError, errnoName } from '../errors/describe-error.ts';
import type { Policy } from './policy.ts';

/** Where an image keeps the policy that holds from the start. Source: Kata's agent. */
export const defaultPolicyFile = '/etc/kata-opa/default-policy.rego';

/**
 * Puts the policy of a file in force before anybody can call.
 *
 * @param policyFile - empty = the default file, which need not exist
 * @throws AgentError `invalid_option` when the file cannot be read or is no policy: an agent that was to be restricted must
 * not run without
 */
export async function setStartPolicy(policy: Policy, policyFile: string): Promise<void> {
  const path = policyFile === '' ? defaultPolicyFile : policyFile;
  let source: string;
  try {
    // At once: nobody is served yet, and a thread would take longer.
    source = readFileSync(path, 'utf8');
  } catch (error) {
    if (policyFile === '' && errnoName(error) === 'ENOENT') return;
    throw new AgentError('invalid_option', `policy ${path} cannot be read`, { operand: path, cause: error });
  }
  try {
    await policy.set(source);
  } catch (error) {
    const problem = `policy ${path} cannot be used: ${describeError(error)}`;
    throw new AgentError('invalid_option', problem, { operand: path, cause: error });
  }
}
