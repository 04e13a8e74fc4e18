// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SandboxError } from '../sandbox-error.ts';
import { noNetwork, type GuestNetwork, type NetworkComponents } from './guest-network.ts';
import { removeLeftNetwork, traceFile } from './leftover-network.ts';
import type { CheckedNetwork } from './network-options.ts';
import type { NetworkedMachine } from './networked-machine.ts';

/** The sandbox whose network is taken up. */
export interface AdoptedNetworkRequest {
  /** What it was made with. */
  readonly network: CheckedNetwork;
  /** Its run directory. */
  readonly directory: string;
  readonly machine: NetworkedMachine;
}

/**
 * The network of a sandbox whose owner is dead: the guest has it already, what was changed on the host is in the trace.
 * @param request the sandbox
 * @param components parts to use instead of the real ones
 */
export async function adoptNetwork(
  request: AdoptedNetworkRequest,
  components: NetworkComponents,
): Promise<GuestNetwork> {
  const { directory } = request;
  return (
    (await adoptNamespace(request, components)) ?? {
      ...noNetwork,
      async close() {
        if (await removeLeftNetwork(directory)) return;
        throw new SandboxError(
          'network_failed',
          'what was changed in the network namespace could not be removed',
        );
      },
    }
  );
}

async function adoptNamespace(
  { network, directory, machine }: AdoptedNetworkRequest,
  { enterNamespace: enter, openMacvtap }: NetworkComponents,
): Promise<GuestNetwork | undefined> {
  if (network.kind !== 'namespace') return undefined;
  const { adoptNamespaceNetwork } = await import('./namespace/namespace-network.ts');
  const text = await readFile(join(directory, traceFile), 'utf8').catch(() => '');
  return adoptNamespaceNetwork(network, { enter, openMacvtap, ...machine }, { text, directory });
}
