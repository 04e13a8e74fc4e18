// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

const addressPattern = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[01][0-9a-f]\.[0-7])$/i;

/**
 * Brings an address such as `0000:3b:02.0`, or `3b:02.0` of domain 0, to the form the kernel prints.
 *
 * @throws AgentError `invalid_request`
 */
export function normalizePciAddress(text: string): string {
  const match = addressPattern.exec(text);
  if (match === null) {
    throw new AgentError('invalid_request', `${JSON.stringify(text)} is no PCI address`, { operand: text });
  }
  return `${match[1] ?? '0000'}:${match[2] ?? ''}`.toLowerCase();
}
