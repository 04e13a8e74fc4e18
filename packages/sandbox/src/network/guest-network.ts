// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { WaitOptions } from '../deadline.ts';
import type { AgentCallOptions } from '../process/guest-agent.ts';
import { expectFreePorts } from './free-ports.ts';
import type { EndpointAddress } from './namespace/endpoint.ts';
import type { RunInNamespace } from './namespace/run-in-namespace.ts';
import type { OpenMacvtap } from './namespace/tap-files.ts';
import type { NetworkAgent } from './network-agent.ts';
import type { NetworkedMachine } from './networked-machine.ts';
import type { CheckedNetwork } from './network-options.ts';
import { attachUserCard } from './user-network.ts';

/** What a network needs of a machine. */
export type NetworkMachine = Pick<VirtualMachine, 'plug' | 'unplug'>;

/** What a network needs of a machine whose owner is dead. */
export type AdoptedMachine = NetworkMachine & Pick<VirtualMachine, 'pluggedDevices'>;

/** The network of one sandbox on the host: checked, and not touched until {@link GuestNetwork.attach}. */
export interface GuestNetwork {
  /** Where the hypervisor has to run, if not where its owner does. */
  readonly namespacePath?: string;
  /** Lines of `/etc/resolv.conf` that belong to it; empty for none. */
  readonly dns?: readonly string[];
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
  attach(vm: NetworkMachine, agent: NetworkAgent, options: AgentCallOptions): Promise<void>;
  /**
   * Goes on, instead of {@link GuestNetwork.attach}, with what a dead owner has given to the guest. Absent where there is nothing
   * to go on with.
   * @param vm the machine
   * @param agent its agent
   */
  takeUp?(vm: AdoptedMachine, agent: NetworkAgent): Promise<void>;
  /** Takes back what was changed on the host, when the machine has ended. Idempotent. Error: `network_failed`. */
  close(): Promise<void>;
  /** Lets this process end before what it has started for a network that goes on without it. */
  release?(): void | Promise<void>;
  /** Changes which links the guest has. Absent where there are no links. */
  readonly links?: LinkControl;
}

/** A link of the sandbox's network namespace that its guest shall have. */
export interface LinkRequest {
  /** Its name. It need not have addresses. */
  readonly name: string;
  /** Instead of its own. */
  readonly addresses?: readonly EndpointAddress[];
  /** Instead of its own. */
  readonly mtuBytes?: number;
}

/** Changes which links a running guest has. Changes wait for one another. */
export interface LinkControl {
  /** Whether there is none yet, and one may come. */
  readonly isAwaited: boolean;
  add(request: LinkRequest, options: AgentCallOptions): Promise<void>;
  /** The link is not taken in again until it is added. */
  remove(nameOrMac: string, options: AgentCallOptions): Promise<void>;
  /** Takes in the links with an address that have come; there may be none. */
  takeIn(options: AgentCallOptions): Promise<void>;
  /**
   * Takes in the links that have come, if there is none yet; answers with how many there are in the end. The limit is that of
   * the wait for a link; default 5 s.
   */
  rescan(options: WaitOptions): Promise<number>;
}

/** What {@link prepareNetwork} works with. */
export interface NetworkComponents {
  /** Opens a way into a network namespace by its file. */
  readonly enterNamespace?: ((path: string) => RunInNamespace) | undefined;
  /** Opens a macvtap. */
  readonly openMacvtap?: OpenMacvtap | undefined;
}

/** Nothing on the host, and nothing for the guest. */
export const noNetwork: GuestNetwork = {
  leaveTrace: () => Promise.resolve(),
  attach: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * Looks whether a network can be had; changes nothing. Errors: `port_in_use`, `network_failed`, those of the tools.
 * @param network what the sandbox shall have
 * @param machine what its machine will be like
 * @param components parts to use instead of the real ones
 * @param signal ends it
 */
export async function prepareNetwork(
  network: CheckedNetwork,
  machine: NetworkedMachine,
  { enterNamespace: enter, openMacvtap }: NetworkComponents,
  signal: AbortSignal,
): Promise<GuestNetwork> {
  switch (network.kind) {
    case 'none':
      return noNetwork;
    case 'user': {
      await expectFreePorts(network.ports);
      if (network.stack === 'hypervisor') {
        const backend = { kind: 'user', forwards: network.ports } as const;
        return { ...noNetwork, attach: (vm, agent, options) => attachUserCard(vm, agent, backend, options) };
      }
      const { openPasstNetwork } = await import('./passt/passt-network.ts');
      return openPasstNetwork(network, { signal });
    }
    case 'namespace': {
      // Loaded on use: most sandboxes have none.
      const { openNamespaceNetwork } = await import('./namespace/namespace-network.ts');
      return openNamespaceNetwork(network, { enter, openMacvtap, ...machine }, signal);
    }
    default:
      return network satisfies never;
  }
}
