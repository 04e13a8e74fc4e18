// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Ends the standard input of a process. A terminal is hung up. */
export const closeStdin: HandlerFactory<'closeStdin'> =
  ({ sandbox }) =>
  ({ containerId, execId }) => {
    sandbox.containers.get(containerId).process(execId).closeStdin();
    return Promise.resolve({});
  };
