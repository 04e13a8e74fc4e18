// SPDX-License-Identifier: Apache-2.0
import type {
  AddARPNeighborsRequest,
  DeepPartial,
  UpdateInterfaceRequest,
  UpdateRoutesRequest,
} from '@hako/protocols/agent';
import type { Interface, Route } from '@hako/protocols/types';

import type { AgentCallOptions } from '../process/guest-agent.ts';

/** The calls on a guest's network. */
export interface NetworkAgent {
  updateInterface(
    request: DeepPartial<UpdateInterfaceRequest>,
    options?: AgentCallOptions,
  ): Promise<Interface>;
  listInterfaces(options?: AgentCallOptions): Promise<{ readonly Interfaces: readonly Interface[] }>;
  updateRoutes(
    request: DeepPartial<UpdateRoutesRequest>,
    options?: AgentCallOptions,
  ): Promise<{ readonly Routes: readonly Route[] }>;
  listRoutes(options?: AgentCallOptions): Promise<{ readonly Routes: readonly Route[] }>;
  addARPNeighbors(request: DeepPartial<AddARPNeighborsRequest>, options?: AgentCallOptions): Promise<unknown>;
}
