// SPDX-License-Identifier: Apache-2.0
import { ServerError, Status } from 'nice-grpc-common';
import { readNeighbour, updateNetworkNeighbours } from '../network/neighbour-update.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Tells the guest where its neighbours are. */
export const addArpNeighbors: HandlerFactory<'addARPNeighbors'> =
  ({ components }) =>
  async ({ neighbors }) => {
    if (neighbors === undefined)
      throw new ServerError(Status.INVALID_ARGUMENT, 'no neighbours in the request');
    const updates = neighbors.ARPNeighbors.map(readNeighbour);
    using network = await components.openNetwork();
    updateNetworkNeighbours(network, updates, components.logger);
    return {};
  };
