// SPDX-License-Identifier: Apache-2.0
import type { AgentClientErrorCode } from '@hako/agent-client';

/** gRPC status for "there is no such thing (any more)". */
const notFound = 5;

/** gRPC status for "nobody there"; the agent never gives it, what stands between it and us does. */
const unavailable = 14;

/**
 * Recognises the agent client's error by its name, so that the client need not be loaded to look at an error.
 * @param error a caught value
 */
export function agentFailure(
  error: unknown,
): { code: AgentClientErrorCode; status: number | undefined } | undefined {
  if (!(error instanceof Error) || error.name !== 'AgentClientError' || !('code' in error)) return undefined;
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined;
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the name says whose code it is
  return { code: error.code as AgentClientErrorCode, status };
}

/**
 * Tells whether a call failed because the connection to the agent is gone, rather than by the agent's answer.
 * @param error a caught value
 */
export function isConnectionLoss(error: unknown): boolean {
  const { code, status } = agentFailure(error) ?? {};
  return code === 'connection_closed' || code === 'dead_agent' || code === 'closed' || status === unavailable;
}

/**
 * Tells whether the agent says that the process is gone, in code or, as older agents do, in words.
 * @param error a caught value
 */
export function isProcessGone(error: unknown): boolean {
  if (agentFailure(error)?.status === notFound) return true;
  return error instanceof Error && /ESRCH|no such process/i.test(error.message);
}
