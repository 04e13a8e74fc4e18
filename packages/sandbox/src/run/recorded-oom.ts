// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import type { WaitOptions } from '../deadline.ts';
import { readRecord } from './sandbox-record.ts';

/** The owner's record may be behind the end of a container by so much. */
const defaultTimeoutMs = 1_000;
const pollMs = 20;

/**
 * Tells whether a container of another process's sandbox ran out of memory: the guest's word goes to the owner, and from
 * there to its record. Abort ends the wait with what is known. Never rejects.
 * @param directory run directory of the sandbox
 * @param containerId the container
 * @param options limit of the wait; default 1 s
 */
export async function recordedOom(
  directory: string,
  containerId: string,
  { signal, timeoutMs = defaultTimeoutMs }: WaitOptions = {},
): Promise<boolean> {
  const limit = AbortSignal.timeout(timeoutMs);
  const ends = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  for (;;) {
    const record = await readRecord(directory);
    if (record?.oomKilled?.includes(containerId) === true) return true;
    if (ends.aborted) return false;
    await delay(pollMs, undefined, { signal: ends }).catch(() => undefined);
  }
}
