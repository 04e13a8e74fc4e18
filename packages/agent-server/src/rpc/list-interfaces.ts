// SPDX-License-Identifier: Apache-2.0
import { listNetworkInterfaces } from '../network/interface-list.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Tells the network interfaces of the guest. */
export const listInterfaces: HandlerFactory<'listInterfaces'> =
  ({ components }) =>
  async () => {
    using network = await components.openNetwork();
    return { Interfaces: listNetworkInterfaces(network) };
  };
