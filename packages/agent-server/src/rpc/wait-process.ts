// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Waits for the end of a process and takes its entry away. All who wait at that time get the code; later calls find
 * nothing. A call that is given up leaves the entry.
 */
export const waitProcess: HandlerFactory<'waitProcess'> =
  ({ sandbox }) =>
  async ({ containerId, execId }, { signal }) => {
    const container = sandbox.containers.get(containerId);
    const process = container.process(execId);
    const status = await process.waitForExit(signal);
    signal.throwIfAborted();
    container.forget(process);
    return { status };
  };
