// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';
import { noNetwork, type GuestNetwork } from './guest-network.ts';
import { removeLeftNetwork } from './leftover-network.ts';

/**
 * The network of a sandbox whose owner is dead: the guest has it already, what was changed on the host is in the trace.
 * @param directory run directory of the sandbox
 */
export function adoptNetwork(directory: string): GuestNetwork {
  return {
    ...noNetwork,
    async close() {
      if (await removeLeftNetwork(directory)) return;
      throw new SandboxError(
        'network_failed',
        'what was changed in the network namespace could not be removed',
      );
    },
  };
}
