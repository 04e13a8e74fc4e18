// SPDX-License-Identifier: Apache-2.0
import { resolveBlockNode } from '../storage/block-node.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Uses a disk that mkswap has prepared as swap, by its node. */
export const addSwapPath: HandlerFactory<'addSwapPath'> =
  ({ components: { system } }) =>
  ({ path }) => {
    system.enableSwap(resolveBlockNode(system, path));
    return Promise.resolve({});
  };
