// SPDX-License-Identifier: Apache-2.0
import { listNetworkRoutes } from '../network/route-list.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Tells the routes of the guest's main table. */
export const listRoutes: HandlerFactory<'listRoutes'> =
  ({ components }) =>
  async () => {
    using network = await components.openNetwork();
    return { Routes: listNetworkRoutes(network) };
  };
