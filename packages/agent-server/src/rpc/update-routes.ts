// SPDX-License-Identifier: Apache-2.0
import { ServerError, Status } from 'nice-grpc-common';
import { listNetworkRoutes } from '../network/route-list.ts';
import { readRoute, updateNetworkRoutes } from '../network/route-update.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Adds routes to the guest's main table, and answers with what is in it then. */
export const updateRoutes: HandlerFactory<'updateRoutes'> =
  ({ components }) =>
  async ({ routes }) => {
    if (routes === undefined) throw new ServerError(Status.INVALID_ARGUMENT, 'no routes in the request');
    const updates = routes.Routes.map(readRoute);
    using network = await components.openNetwork();
    updateNetworkRoutes(network, updates, components.logger);
    return { Routes: listNetworkRoutes(network) };
  };
