// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/** How a process that is not our child is watched. */
export interface ForeignWatch {
  /** How often it is looked for, in milliseconds. */
  readonly intervalMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Longest duration in milliseconds. Default: no limit. */
  readonly limitMs?: number;
}

/**
 * Waits while a process that is not our child lives. Fulfils when it is gone, the signal fires or the time is over; never
 * rejects. Does not keep this process running.
 * @param identity the process
 * @param watch how
 */
export async function waitWhileAlive(
  identity: ProcessIdentity,
  { intervalMs, signal, limitMs = Infinity }: ForeignWatch,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!signal.aborted && performance.now() < endMs && (await isAlive(identity))) {
    await delay(intervalMs, undefined, { ref: false, signal }).catch(() => undefined);
  }
}

/**
 * Sends a signal to that very process, unless it has ended. Between the look and the signal another process might take its
 * number; within microseconds none does.
 * @param identity the process
 * @param signal which
 */
export async function killIfAlive(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
