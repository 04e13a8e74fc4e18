// SPDX-License-Identifier: Apache-2.0
import type { StopMeans } from '@hako/hypervisor';
import type { ProcessEnd } from './vmm-process.ts';

/** What the ladder stops. */
export interface Stoppable {
  readonly ended: Promise<ProcessEnd>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** How it went; `end` is `undefined` if the process was not even reaped after SIGKILL. */
export interface StopOutcome {
  readonly stoppedBy: StopMeans;
  readonly end: ProcessEnd | undefined;
}

/** Parts of the time that the first two rungs get; SIGKILL has the rest. */
const requestShare = 0.4;
const sigtermShare = 0.3;

/**
 * Asks, then sends SIGTERM, then SIGKILL, and goes to the next rung as soon as one has had its time or is known to be
 * in vain. Takes at most `timeoutMs` and never rejects.
 */
export async function stopProcess(
  process: Stoppable,
  request: () => Promise<unknown>,
  timeoutMs: number,
): Promise<StopOutcome> {
  const vain = Promise.withResolvers<undefined>();
  request().catch(() => vain.resolve(undefined));
  const asked = await endWithin(process, requestShare * timeoutMs, vain.promise);
  if (asked !== undefined) return { stoppedBy: 'request', end: asked };

  process.kill('SIGTERM');
  const terminated = await endWithin(process, sigtermShare * timeoutMs);
  if (terminated !== undefined) return { stoppedBy: 'sigterm', end: terminated };

  process.kill('SIGKILL');
  const end = await endWithin(process, (1 - requestShare - sigtermShare) * timeoutMs);
  return { stoppedBy: 'sigkill', end };
}

async function endWithin(
  { ended }: Stoppable,
  limitMs: number,
  vain?: Promise<undefined>,
): Promise<ProcessEnd | undefined> {
  const limit = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => limit.resolve(undefined), limitMs);
  try {
    return await Promise.race([ended, limit.promise, ...(vain === undefined ? [] : [vain])]);
  } finally {
    clearTimeout(timer);
  }
}
