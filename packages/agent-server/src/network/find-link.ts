// SPDX-License-Identifier: Apache-2.0
import type { NetworkLink } from '@hako/linux';
import { AgentError } from '../errors/agent-error.ts';

/** The error for a link that is not there (yet). Hosts look for its first words and ask again a moment later. */
export function linkNotFound(operand: string): AgentError {
  return new AgentError('link_not_found', `Link not found (${operand})`, { operand });
}

/**
 * Finds a link by its name.
 *
 * @throws AgentError `link_not_found`
 */
export function findLinkByName(links: readonly NetworkLink[], name: string): NetworkLink {
  const found = links.find((link) => link.name === name);
  if (found === undefined) throw linkNotFound(`name ${JSON.stringify(name)}`);
  return found;
}
