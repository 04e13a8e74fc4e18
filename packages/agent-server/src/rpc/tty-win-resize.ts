// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** The kernel keeps sizes in 16 bits. */
const sizeMask = 0xffff;

/** Sets the size of a process's terminal. */
export const ttyWinResize: HandlerFactory<'ttyWinResize'> =
  ({ sandbox }) =>
  ({ containerId, execId, row, column }) => {
    const process = sandbox.containers.get(containerId).process(execId);
    process.resize({ rows: row & sizeMask, columns: column & sizeMask });
    return Promise.resolve({});
  };
