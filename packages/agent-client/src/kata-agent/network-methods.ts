// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import type { ARPNeighbor, Interface, Route } from '@hako/protocols/types';
import type { AgentCallOptions } from '../caller.ts';
import { configureInterface } from '../configure-interface.ts';
import type { AgentLink } from './agent-link.ts';

/** The guest's network. */
export interface NetworkMethods {
  /** Configures an interface, waiting for one that is being plugged. */
  updateInterface(wanted: DeepPartial<Interface>, options?: AgentCallOptions): Promise<Interface>;
  /** Lists interfaces. */
  listInterfaces(options?: AgentCallOptions): Promise<readonly Interface[]>;
  /** Replaces the routes and answers with the guest's; `undefined` leaves them alone. */
  updateRoutes(
    routes: readonly DeepPartial<Route>[] | undefined,
    options?: AgentCallOptions,
  ): Promise<readonly Route[]>;
  /** Lists routes. */
  listRoutes(options?: AgentCallOptions): Promise<readonly Route[]>;
  /** Adds neighbour entries; an agent too old for that is forgiven, with a warning. `undefined` sends nothing. */
  addARPNeighbors(
    neighbors: readonly DeepPartial<ARPNeighbor>[] | undefined,
    options?: AgentCallOptions,
  ): Promise<void>;
  /** Reads the packet filter. */
  getIPTables(isIpv6: boolean, options?: AgentCallOptions): Promise<Uint8Array>;
  /** Restores the packet filter. */
  setIPTables(isIpv6: boolean, data: Uint8Array, options?: AgentCallOptions): Promise<void>;
}

/** Makes the {@link NetworkMethods} of a link. */
export function networkMethods(link: AgentLink): NetworkMethods {
  return {
    updateInterface: (wanted, options) =>
      link.request((client) => configureInterface(client, wanted, options)),
    listInterfaces: async (options) =>
      (await link.request((client) => client.listInterfaces(options))).Interfaces,
    async updateRoutes(routes, options) {
      if (routes === undefined) return [];
      const request = { routes: { Routes: [...routes] } };
      return (await link.request((client) => client.updateRoutes(request, options))).Routes;
    },
    listRoutes: async (options) => (await link.request((client) => client.listRoutes(options))).Routes,
    async addARPNeighbors(neighbors, options) {
      if (neighbors === undefined) return;
      const request = { neighbors: { ARPNeighbors: [...neighbors] } };
      await link.request((client) => client.addARPNeighbors(request, options));
    },
    getIPTables: async (isIpv6, options) =>
      (await link.request((client) => client.getIPTables({ isIpv6 }, options))).data,
    async setIPTables(isIpv6, data, options) {
      await link.request((client) => client.setIPTables({ isIpv6, data }, options));
    },
  };
}
