// SPDX-License-Identifier: Apache-2.0
import type { HandlerFactory } from './rpc-context.ts';

/** Reads the counters of a container's cgroup. Network counters are the guest's, not a container's, so there are none. */
export const statsContainer: HandlerFactory<'statsContainer'> =
  ({ sandbox }) =>
  async ({ containerId }) => ({
    cgroupStats: await sandbox.containers.get(containerId).cgroup.stats(),
    networkStats: [],
  });
