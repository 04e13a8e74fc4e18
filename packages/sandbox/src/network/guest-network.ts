// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { AgentCallOptions } from '../process/guest-agent.ts';
import { expectFreePorts } from './free-ports.ts';
import type { RunInNamespace } from './namespace/run-in-namespace.ts';
import type { CheckedNetwork } from './network-options.ts';
import { attachUserNetwork, type NetworkAgent } from './user-network.ts';

/** The network of one sandbox on the host: checked, and not touched until {@link GuestNetwork.attach}. */
export interface GuestNetwork {
  /** Where the hypervisor has to run, if not where its owner does. */
  readonly namespacePath?: string;
  /**
   * Writes down what is going to be changed on the host, so that it can be taken back when this process cannot.
   * @param directory run directory of the sandbox
   */
  leaveTrace(directory: string): Promise<void>;
  /**
   * Gives the running guest its network. Errors: those of the hypervisor's `plug`, of the tools and of the agent.
   * @param vm the machine
   * @param agent its agent
   * @param options limits
   */
  attach(vm: Pick<VirtualMachine, 'plug'>, agent: NetworkAgent, options: AgentCallOptions): Promise<void>;
  /** Takes back what was changed on the host, while or after the machine ends. Idempotent. Error: `network_failed`. */
  close(): Promise<void>;
}

/** What {@link prepareNetwork} works with. */
export interface NetworkComponents {
  /** Opens a way into a network namespace by its file. */
  readonly enterNamespace?: ((path: string) => RunInNamespace) | undefined;
}

const nothing = {
  leaveTrace: () => Promise.resolve(),
  attach: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * Looks whether a network can be had; changes nothing. Errors: `port_in_use`, `network_failed`, those of the tools.
 * @param network what the sandbox shall have
 * @param components parts to use instead of the real ones
 * @param signal ends it
 */
export async function prepareNetwork(
  network: CheckedNetwork,
  { enterNamespace }: NetworkComponents,
  signal: AbortSignal,
): Promise<GuestNetwork> {
  switch (network.kind) {
    case 'none':
      return nothing;
    case 'user':
      await expectFreePorts(network.ports);
      return { ...nothing, attach: (vm, agent, options) => attachUserNetwork(vm, agent, network, options) };
    case 'namespace': {
      // Loaded on use: most sandboxes have none.
      const { openNamespaceNetwork } = await import('./namespace/namespace-network.ts');
      return openNamespaceNetwork(network, enterNamespace, signal);
    }
    default:
      return network satisfies never;
  }
}
