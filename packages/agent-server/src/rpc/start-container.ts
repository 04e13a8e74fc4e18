// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Lets the program of a container run. A second time, or after its first process has died, it fails at once. From now on
 * the host can learn of a lack of memory in it; the infrastructure container is not watched.
 */
export const startContainer: HandlerFactory<'startContainer'> =
  ({ components, sandbox }) =>
  async ({ containerId }) => {
    const container = sandbox.containers.get(containerId);
    const onOom = () => {
      const isKept = sandbox.oomEvents.put(containerId);
      components.logger.warn({ 'container-id': containerId, isKept }, 'out of memory');
    };
    await container.start(containerId === sandbox.id ? undefined : onOom);
    return {};
  };
