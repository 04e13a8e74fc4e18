// SPDX-License-Identifier: Apache-2.0
import { writeRules } from '../network/packet-filter.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Replaces tables of the guest's packet filter. */
export const setIpTables: HandlerFactory<'setIPTables'> =
  ({ components }) =>
  async ({ isIpv6, data }, { signal }) => ({
    data: await writeRules(components, { isIpv6, signal }, data),
  });
