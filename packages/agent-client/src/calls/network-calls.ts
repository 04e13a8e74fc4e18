// SPDX-License-Identifier: Apache-2.0
import type {
  AddARPNeighborsRequest,
  DeepPartial,
  GetIPTablesRequest,
  GetIPTablesResponse,
  Interfaces,
  Routes,
  SetIPTablesRequest,
  SetIPTablesResponse,
  UpdateInterfaceRequest,
  UpdateRoutesRequest,
} from '@hako/protocols/agent';
import type { Empty } from '@hako/protocols/empty';
import type { Interface } from '@hako/protocols/types';
import { Status } from 'nice-grpc-common';
import { AgentClientError } from '../agent-client-error.ts';
import type { AgentLogger } from '../agent-logger.ts';
import type { AgentCallOptions, Caller } from '../caller.ts';

/** Calls on the guest's network. Each rejects with `AgentClientError`. */
export interface NetworkCalls {
  /** Configures the interface with the given MAC address, once; `configureInterface` waits for it to appear. */
  updateInterface(
    request: DeepPartial<UpdateInterfaceRequest>,
    options?: AgentCallOptions,
  ): Promise<Interface>;
  /** Lists interfaces. */
  listInterfaces(options?: AgentCallOptions): Promise<Interfaces>;
  /** Replaces the routes; answers with the guest's list. */
  updateRoutes(request: DeepPartial<UpdateRoutesRequest>, options?: AgentCallOptions): Promise<Routes>;
  /** Lists routes. */
  listRoutes(options?: AgentCallOptions): Promise<Routes>;
  /** Adds neighbour entries; does nothing, with a warning, when the agent is too old to know the call. */
  addARPNeighbors(request: DeepPartial<AddARPNeighborsRequest>, options?: AgentCallOptions): Promise<Empty>;
  /** Reads the packet filter. */
  getIPTables(
    request: DeepPartial<GetIPTablesRequest>,
    options?: AgentCallOptions,
  ): Promise<GetIPTablesResponse>;
  /** Restores the packet filter. */
  setIPTables(
    request: DeepPartial<SetIPTablesRequest>,
    options?: AgentCallOptions,
  ): Promise<SetIPTablesResponse>;
}

/** Makes the {@link NetworkCalls} of a caller. */
export function networkCalls(call: Caller, logger: AgentLogger): NetworkCalls {
  return {
    updateInterface: (request, options) =>
      call('UpdateInterfaceRequest', options, ({ agent }, o) => agent.updateInterface(request, o)),
    listInterfaces: (options) =>
      call('ListInterfacesRequest', options, ({ agent }, o) => agent.listInterfaces({}, o)),
    updateRoutes: (request, options) =>
      call('UpdateRoutesRequest', options, ({ agent }, o) => agent.updateRoutes(request, o)),
    listRoutes: (options) => call('ListRoutesRequest', options, ({ agent }, o) => agent.listRoutes({}, o)),
    addARPNeighbors: (request, options) =>
      call('AddARPNeighborsRequest', options, ({ agent }, o) => agent.addARPNeighbors(request, o)).catch(
        (error: unknown) => {
          if (!(error instanceof AgentClientError) || error.status !== Status.UNIMPLEMENTED) throw error;
          logger.warn({ err: error }, 'agent is too old for neighbour entries');
          return {};
        },
      ),
    getIPTables: (request, options) =>
      call('GetIPTablesRequest', options, ({ agent }, o) => agent.getIPTables(request, o)),
    setIPTables: (request, options) =>
      call('SetIPTablesRequest', options, ({ agent }, o) => agent.setIPTables(request, o)),
  };
}
