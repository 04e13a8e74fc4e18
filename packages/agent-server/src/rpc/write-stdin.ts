// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Writes to the standard input of a process; no data means end of input. */
export const writeStdin: HandlerFactory<'writeStdin'> =
  ({ sandbox }) =>
  async ({ containerId, execId, data }, { signal }) => {
    const process = sandbox.containers.get(containerId).process(execId);
    if (data.length === 0) process.closeStdin();
    else await process.write(data, signal);
    return { len: data.length };
  };
