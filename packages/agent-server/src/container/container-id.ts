// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** Letters and digits of any script first, then also `_`, `.` and `-`; at least two characters. */
const pattern = /^[\p{Alphabetic}\p{Nd}\p{Nl}\p{No}][\p{Alphabetic}\p{Nd}\p{Nl}\p{No}_.-]+$/u;

/** The id becomes a file name. */
const maxBytes = 255;

/**
 * Checks the id of a new container. It becomes part of paths and command lines as it is.
 *
 * @throws AgentError `invalid_container_id`
 */
export function checkContainerId(id: string): void {
  if (pattern.test(id) && Buffer.byteLength(id) <= maxBytes) return;
  throw new AgentError('invalid_container_id', `invalid container id ${JSON.stringify(id)}`, { operand: id });
}
