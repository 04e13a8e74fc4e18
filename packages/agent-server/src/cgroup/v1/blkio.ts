// SPDX-License-Identifier: Apache-2.0
import type { BlkioStats, BlkioStatsEntry } from '@hako/protocols/agent';
import { readCgroupFile } from '../cgroup-file.ts';

/** One line, `8:0 Read 4096` or (files without operations) `8:0 12`. */
function entryOf(line: string): BlkioStatsEntry[] {
  const match = /^(\d+):(\d+) (?:(\w+) )?(\d+)$/.exec(line.trim());
  if (match === null) return [];
  const [, major = '0', minor = '0', op = '', value = '0'] = match;
  return [{ major: BigInt(major), minor: BigInt(minor), op: op.toLowerCase(), value: BigInt(value) }];
}

async function readEntries(dir: string, ...names: readonly string[]): Promise<BlkioStatsEntry[] | undefined> {
  let found: BlkioStatsEntry[] | undefined;
  for (const name of names) {
    const text = await readCgroupFile(dir, name);
    if (text === undefined) continue;
    found = text.split('\n').flatMap(entryOf);
    if (found.length > 0) return found;
  }
  return found;
}

/**
 * Reads the blkio controller: the counters of the scheduler, or those of throttling where the scheduler has none. Source:
 * Documentation/admin-guide/cgroup-v1/blkio-controller.rst.
 */
export async function readBlkioStatsV1(dir: string): Promise<BlkioStats | undefined> {
  const [bytes, serviced, queued, serviceTime, waitTime, merged, time, sectors] = await Promise.all([
    readEntries(dir, 'blkio.io_service_bytes_recursive', 'blkio.throttle.io_service_bytes'),
    readEntries(dir, 'blkio.io_serviced_recursive', 'blkio.throttle.io_serviced'),
    readEntries(dir, 'blkio.io_queued_recursive'),
    readEntries(dir, 'blkio.io_service_time_recursive'),
    readEntries(dir, 'blkio.io_wait_time_recursive'),
    readEntries(dir, 'blkio.io_merged_recursive'),
    readEntries(dir, 'blkio.time_recursive'),
    readEntries(dir, 'blkio.sectors_recursive'),
  ]);
  if (bytes === undefined && serviced === undefined) return undefined;
  return {
    ioServiceBytesRecursive: bytes ?? [],
    ioServicedRecursive: serviced ?? [],
    ioQueuedRecursive: queued ?? [],
    ioServiceTimeRecursive: serviceTime ?? [],
    ioWaitTimeRecursive: waitTime ?? [],
    ioMergedRecursive: merged ?? [],
    ioTimeRecursive: time ?? [],
    sectorsRecursive: sectors ?? [],
  };
}
