// SPDX-License-Identifier: Apache-2.0
import type { BlkioStats, BlkioStatsEntry } from '@hako/protocols/agent';
import { parseCount, readCgroupFile } from '../cgroup-file.ts';

const operations: ReadonlyMap<string, string> = new Map([
  ['rbytes', 'read'],
  ['wbytes', 'write'],
  ['rios', 'rios'],
  ['wios', 'wios'],
  ['dbytes', 'dbytes'],
  ['dios', 'dios'],
]);

/** The entries of one line of `io.stat`, for example `8:0 rbytes=90 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
function entriesOf(line: string): BlkioStatsEntry[] {
  const [device, ...words] = line.trim().split(/\s+/);
  const numbers = /^(\d+):(\d+)$/.exec(device ?? '');
  if (numbers === null) return [];
  const major = BigInt(numbers[1] ?? '0');
  const minor = BigInt(numbers[2] ?? '0');
  return words.flatMap((word) => {
    const [key = '', text] = word.split('=');
    const op = operations.get(key);
    const value = parseCount(text);
    return op === undefined || value === undefined ? [] : [{ major, minor, op, value }];
  });
}

/** A block I/O message with nothing in it. */
export function emptyBlkioStats(): BlkioStats {
  return {
    ioServiceBytesRecursive: [],
    ioServicedRecursive: [],
    ioQueuedRecursive: [],
    ioServiceTimeRecursive: [],
    ioWaitTimeRecursive: [],
    ioMergedRecursive: [],
    ioTimeRecursive: [],
    sectorsRecursive: [],
  };
}

/** Reads `io.stat`. Source: cgroup-v2.rst, "IO Interface Files". */
export async function readBlkioStatsV2(dir: string): Promise<BlkioStats | undefined> {
  const text = await readCgroupFile(dir, 'io.stat');
  if (text === undefined) return undefined;
  return { ...emptyBlkioStats(), ioServiceBytesRecursive: text.split('\n').flatMap(entriesOf) };
}
