// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { errnoName } from '../errors/describe-error.ts';

/**
 * Whether a process blocks, ignores or catches a signal, from the text of `/proc/<pid>/status`. Source: proc(5).
 *
 * The first process of a pid namespace never gets a signal it does not care for, so a stop by SIGTERM would do nothing.
 */
export function heedsSignal(statusText: string, signal: number): boolean {
  const bit = 1n << BigInt(signal - 1);
  return ['SigBlk', 'SigIgn', 'SigCgt'].some((key) => {
    const mask = new RegExp(`^${key}:\\s*([0-9a-fA-F]+)$`, 'm').exec(statusText)?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & bit) !== 0n;
  });
}

/** As {@link heedsSignal} for a living process; false for one that is gone. */
export async function processHeeds(pid: number, signal: number): Promise<boolean> {
  try {
    return heedsSignal(await readFile(`/proc/${pid}/status`, 'utf8'), signal);
  } catch (error) {
    const code = errnoName(error);
    if (code === 'ENOENT' || code === 'ESRCH') return false;
    throw error;
  }
}
