// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Stops all processes of a container, which must have been made or run, and answers when they stand still. */
export const pauseContainer: HandlerFactory<'pauseContainer'> =
  ({ sandbox }) =>
  async ({ containerId }) => {
    await sandbox.containers.get(containerId).pause();
    return {};
  };
