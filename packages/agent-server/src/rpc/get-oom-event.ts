// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Waits for a container whose processes the kernel has killed for want of memory. Each container is told of once. A caller
 * who is gone takes nothing with it.
 */
export const getOOMEvent: HandlerFactory<'getOOMEvent'> =
  ({ sandbox }) =>
  async (_request, { signal }) => {
    const containerId = await sandbox.oomEvents.take(signal);
    if (signal.aborted) {
      sandbox.oomEvents.putBack(containerId);
      signal.throwIfAborted();
    }
    return { containerId };
  };
