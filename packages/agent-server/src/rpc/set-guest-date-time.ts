// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Sets the guest's clock. */
export const setGuestDateTime: HandlerFactory<'setGuestDateTime'> =
  ({ components }) =>
  ({ Sec, Usec }) => {
    components.system.setDateTime(Sec, Usec);
    return Promise.resolve({});
  };
