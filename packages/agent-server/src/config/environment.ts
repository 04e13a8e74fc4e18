// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { OptionsDraft } from './agent-options.ts';
import { lenientBoolean, logLevelOf } from './option-values.ts';

/**
 * Applies the `KATA_AGENT_*` variables. A log level that does not exist is ignored.
 *
 * @param draft - is changed
 */
export function applyEnvironment(
  draft: OptionsDraft,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const serverAddr = environment['KATA_AGENT_SERVER_ADDR'];
  if (serverAddr !== undefined) draft.serverAddr = serverAddr;
  const grpcAddr = environment['KATA_AGENT_GRPC_ADDR'];
  if (grpcAddr !== undefined) draft.grpcAddr = grpcAddr;
  const logLevel = environment['KATA_AGENT_LOG_LEVEL'];
  if (logLevel !== undefined) {
    try {
      draft.logLevel = logLevelOf('KATA_AGENT_LOG_LEVEL', logLevel);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
    }
  }
  const tracing = environment['KATA_AGENT_TRACING'];
  if (tracing !== undefined) draft.tracing = lenientBoolean(tracing);
  const policyFile = environment['KATA_AGENT_POLICY_FILE'];
  if (policyFile !== undefined) draft.policyFile = policyFile;
}
