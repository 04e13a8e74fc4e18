// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import { pathExists } from '../../files/path-exists.ts';
import { diskFinders } from '../block.ts';
import type { StorageContext } from '../storage-driver.ts';
import { partitionOf } from './layer-options.ts';

/** The kernel makes the nodes of partitions after that of the disk. As upstream. */
const partitionWaitMs = 1000;
const pollMs = 20;

async function waitForNode(path: string, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + partitionWaitMs;
  while (!(await pathExists(path))) {
    if (performance.now() >= deadlineMs) {
      throw new AgentError('timed_out', `Timeout after ${partitionWaitMs} ms waiting for ${path}`, {
        operand: path,
      });
    }
    await delay(pollMs, undefined, { signal });
  }
}

/**
 * Finds the disk or the partition a layer lies on.
 *
 * @throws AgentError `storage_failed` for a driver other than `blk` and `scsi`; `timed_out`
 */
export async function findLayerDisk(layer: Storage, context: StorageContext): Promise<string> {
  const { driver, source } = layer;
  if (driver !== 'blk' && driver !== 'scsi') {
    throw new AgentError('storage_failed', `layers lie on disks, not on ${JSON.stringify(driver)}`);
  }
  const partition = partitionOf(layer);
  const disk = await diskFinders[driver](source, context);
  if (partition === undefined) return disk;
  const node = `${disk}${/\d$/.test(disk) ? 'p' : ''}${partition}`;
  await waitForNode(node, context.signal);
  return node;
}
