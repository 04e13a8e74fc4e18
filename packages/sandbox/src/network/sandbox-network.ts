// SPDX-License-Identifier: Apache-2.0
import type { WaitOptions } from '../deadline.ts';
import { fromHypervisorFailure } from '../hypervisor-failure.ts';
import type { Lifeline } from '../lifeline.ts';
import type { AgentCallOptions } from '../process/guest-agent.ts';
import { SandboxError } from '../sandbox-error.ts';
import {
  fromInterface,
  fromRoute,
  toInterface,
  toRoute,
  type GuestInterface,
  type GuestRoute,
} from './guest-interface.ts';
import type { GuestNetwork, LinkControl, LinkRequest } from './guest-network.ts';
import type { NetworkAgent } from './network-agent.ts';

/** Longest wait for the hypervisor, the tools and the guest, in milliseconds, unless told otherwise. */
const defaultTimeoutMs = 30_000;

/** What a {@link SandboxNetwork} works on. */
export interface SandboxNetworkTarget {
  /** The guest. Error: `invalid_state` while there is none. */
  guest(operation: string): { readonly agent: NetworkAgent; readonly lifeline: Pick<Lifeline, 'callWithin'> };
  /** The host's side; absent for sandboxes of other processes. */
  readonly network?: GuestNetwork;
}

/**
 * The network of a running sandbox. Each call rejects with `invalid_state` while the guest is not running, `agent_failed` when
 * the guest refuses, `vm_exited`, `timeout` (default 30 s), `aborted`; those on links with `network_failed` too.
 */
export class SandboxNetwork {
  readonly #target: SandboxNetworkTarget;

  /** @internal Made by the sandbox. */
  constructor(target: SandboxNetworkTarget) {
    this.#target = target;
  }

  /**
   * Gives the guest one more link of its namespace: a card is plugged and gets the link's addresses, routes and neighbours. On
   * failure nothing of it is left.
   * @param request the link
   * @param options limits
   * @returns the interface as the guest has it
   */
  async addInterface(request: LinkRequest, options: WaitOptions = {}): Promise<GuestInterface> {
    await this.#change('addInterface', options, (links, limits) => links.add(request, limits));
    const interfaces = await this.listInterfaces(options);
    const added = interfaces.find(({ name }) => name === request.name);
    if (added !== undefined) return added;
    throw new SandboxError('network_failed', `the guest does not show interface ${request.name}`);
  }

  /**
   * Takes an interface out of the guest and gives the link back to the namespace. Error: `agent_failed`, if the guest keeps
   * the card.
   * @param nameOrMac its name in the namespace, or its hardware address in the guest
   * @param options limits
   */
  async removeInterface(nameOrMac: string, options: WaitOptions = {}): Promise<void> {
    await this.#change('removeInterface', options, (links, limits) => links.remove(nameOrMac, limits));
  }

  /**
   * Changes an interface of the guest: name, addresses, MTU. It is found by its hardware address.
   * @param wanted what it shall be
   * @param options limits
   */
  async updateInterface(wanted: GuestInterface, options: WaitOptions = {}): Promise<GuestInterface> {
    return this.#call('updateInterface', options, async (agent, limits) =>
      fromInterface(await agent.updateInterface({ interface: toInterface(wanted) }, limits)),
    );
  }

  /**
   * Reads the guest's interfaces.
   * @param options limits
   */
  async listInterfaces(options: WaitOptions = {}): Promise<readonly GuestInterface[]> {
    return this.#call('listInterfaces', options, async (agent, limits) =>
      (await agent.listInterfaces(limits)).Interfaces.map(fromInterface),
    );
  }

  /**
   * Adds routes to the guest's. One that has the destination of another replaces it; the others stay, and go with their
   * interface: the agent has no call that removes one.
   * @param routes in the order in which they are to be set; those without gateway come first in any case
   * @param options limits
   * @returns the guest's list
   */
  async updateRoutes(
    routes: readonly GuestRoute[],
    options: WaitOptions = {},
  ): Promise<readonly GuestRoute[]> {
    const wanted = routes.map(toRoute);
    return this.#call('updateRoutes', options, async (agent, limits) =>
      (await agent.updateRoutes({ routes: { Routes: wanted } }, limits)).Routes.map(fromRoute),
    );
  }

  /**
   * Reads the guest's routes.
   * @param options limits
   */
  async listRoutes(options: WaitOptions = {}): Promise<readonly GuestRoute[]> {
    return this.#call('listRoutes', options, async (agent, limits) =>
      (await agent.listRoutes(limits)).Routes.map(fromRoute),
    );
  }

  /**
   * Takes in the links that have come to the namespace since, if the guest has none yet: for namespaces that are set up late,
   * by hooks for instance (`mayBeEmpty`).
   * @param options limits; how long is waited for a link, default 5 s
   * @returns how many links the guest has
   */
  async rescan({ timeoutMs, signal }: WaitOptions = {}): Promise<number> {
    // Tools, hypervisor and guest have their time beside that of the wait.
    const whole = { timeoutMs: defaultTimeoutMs + (timeoutMs ?? 0), ...(signal && { signal }) };
    return this.#change('rescan', whole, (links, limits) =>
      links.rescan({ ...limits, ...(timeoutMs !== undefined && { timeoutMs }) }),
    );
  }

  #change<T>(
    operation: string,
    options: WaitOptions,
    work: (links: LinkControl, limits: AgentCallOptions) => Promise<T>,
  ): Promise<T> {
    return this.#call(operation, options, async (_agent, limits) => {
      const links = this.#target.network?.links;
      if (links !== undefined) return work(links, limits);
      throw new SandboxError('network_failed', `${operation}: the sandbox has no network namespace`, {
        remedy: 'give it one when it is created, and call its owner',
      });
    });
  }

  async #call<T>(
    operation: string,
    options: WaitOptions,
    work: (agent: NetworkAgent, limits: AgentCallOptions) => Promise<T>,
  ): Promise<T> {
    const { agent, lifeline } = this.#target.guest(operation);
    return lifeline.callWithin(operation, defaultTimeoutMs, options, async (signal) => {
      try {
        return await work(agent, { signal });
      } catch (error) {
        throw fromHypervisorFailure(error);
      }
    });
  }
}
