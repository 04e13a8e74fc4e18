// SPDX-License-Identifier: Apache-2.0
import { readNetworkStats } from '../system/network-stats.ts';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Reads the counters of a container's cgroup, and those of the guest's network interfaces, which all containers of the
 * sandbox share.
 */
export const statsContainer: HandlerFactory<'statsContainer'> =
  ({ sandbox }) =>
  async ({ containerId }) => {
    const container = sandbox.containers.get(containerId);
    const [cgroupStats, networkStats] = await Promise.all([container.stats(), readNetworkStats()]);
    return { cgroupStats, networkStats };
  };
