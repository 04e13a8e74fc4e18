// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** As of containers, but of one character already. Container managers use hexadecimal digits or their own names. */
const pattern = /^[\p{Alphabetic}\p{Nd}\p{Nl}\p{No}][\p{Alphabetic}\p{Nd}\p{Nl}\p{No}_.-]*$/u;

const maxBytes = 255;

/**
 * Checks the id of a new process. It goes into logs.
 *
 * @throws AgentError `invalid_exec_id`
 */
export function checkExecId(id: string): void {
  if (pattern.test(id) && Buffer.byteLength(id) <= maxBytes) return;
  throw new AgentError('invalid_exec_id', `invalid exec id ${JSON.stringify(id)}`, { operand: id });
}
