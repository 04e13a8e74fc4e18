// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Adds randomness from the host, as a guest that was restored from a snapshot needs. */
export const reseedRandomDev: HandlerFactory<'reseedRandomDev'> =
  ({ components }) =>
  ({ data }) => {
    if (data.length === 0) throw new AgentError('invalid_request', 'no random data was given');
    components.system.addRandomEntropy(data);
    return Promise.resolve({});
  };
