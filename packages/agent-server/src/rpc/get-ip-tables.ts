// SPDX-License-Identifier: Apache-2.0
import { readRules } from '../network/packet-filter.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Reads the guest's packet filter. */
export const getIpTables: HandlerFactory<'getIPTables'> =
  ({ components }) =>
  async ({ isIpv6 }, { signal }) => ({ data: await readRules(components, { isIpv6, signal }) });
