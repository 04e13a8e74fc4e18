// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Replaces the policy. The one in force has allowed it by then, as every call. */
export const setPolicy: HandlerFactory<'setPolicy'> =
  ({ policy }) =>
  async ({ policy: source }) => {
    await policy.set(source);
    return {};
  };
