// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Lets the processes of a paused container go on. */
export const resumeContainer: HandlerFactory<'resumeContainer'> =
  ({ sandbox }) =>
  async ({ containerId }) => {
    await sandbox.containers.get(containerId).resume();
    return {};
  };
