// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Destroys all containers, then lets the agent end once the answer is out. The second call fails. */
export const destroySandbox: HandlerFactory<'destroySandbox'> =
  ({ sandbox }) =>
  async () => {
    for (const container of sandbox.containers.all) {
      await container.destroy();
      container.closeStreams();
      sandbox.containers.remove(container);
    }
    sandbox.finish();
    return {};
  };
