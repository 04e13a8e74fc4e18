// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { attribute } from '../devices/sysfs.ts';
import { onlineCpus } from '../system/online-cpus.ts';
import { bringMemoryOnline } from '../system/online-memory.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** How long plugged CPUs may take to appear and come online. */
const cpuLimitMs = 5_000;

/**
 * Brings plugged CPUs and memory into use. The number of CPUs is the total that is wanted. Containers that are bound to CPUs
 * get their lists again, because groups above them could not hold the new ones before.
 */
export const onlineCPUMem: HandlerFactory<'onlineCPUMem'> =
  ({ components, sandbox }) =>
  async ({ nbCpus, cpuOnly }, { signal }) => {
    const { devices, logger } = components;
    const { sysDir } = devices.tree;
    if (nbCpus > 0) await devices.wait(onlineCpus(nbCpus), { signal, timeoutMs: cpuLimitMs });
    if (!cpuOnly) await bringMemoryOnline(sysDir, logger);
    const online = nbCpus > 0 ? await attribute(join(sysDir, 'devices/system/cpu/online')) : undefined;
    if (online === undefined) return {};
    for (const container of sandbox.containers.all) await container.refreshCpuset(online);
    return {};
  };
