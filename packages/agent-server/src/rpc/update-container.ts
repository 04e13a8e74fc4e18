// SPDX-License-Identifier: Apache-2.0
import { grpcToOciResources } from '@hako/protocols';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Changes the limits of a container. Only numbers above 0 say something, so a limit can be changed but not taken away; a
 * request without resources changes nothing.
 */
export const updateContainer: HandlerFactory<'updateContainer'> =
  ({ sandbox }) =>
  async ({ containerId, resources }) => {
    const container = sandbox.containers.get(containerId);
    if (resources !== undefined) await container.update(grpcToOciResources(resources));
    return {};
  };
