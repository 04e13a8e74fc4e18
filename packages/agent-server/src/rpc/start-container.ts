// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Lets the program of a container run. A second time, or after its first process has died, it fails at once. */
export const startContainer: HandlerFactory<'startContainer'> =
  ({ sandbox }) =>
  async ({ containerId }) => {
    await sandbox.containers.get(containerId).start();
    return {};
  };
