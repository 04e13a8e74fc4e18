// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { AgentError } from '../errors/agent-error.ts';

/** One process may be in the middle of a system call that cannot be interrupted, such as a read of a stuck disk. */
const freezeLimitMs = 2_000;
const shortestPauseMs = 1;
const longestPauseMs = 20;

/** A freezer as the kernel offers it. */
export interface Freezer {
  /** Asks for it; false when the kernel has no freezer here. */
  request(): Promise<boolean>;
  /** Whether all processes stand still; also true when the group has gone meanwhile. */
  isFrozen(): Promise<boolean>;
  thaw(): Promise<unknown>;
}

/**
 * Freezes and waits until everything stands still.
 *
 * @param operand - the group, for the error
 * @throws AgentError `system_failed` without a freezer or after the limit; everything goes on then
 */
export async function freezeFully(freezer: Freezer, operand: string, limitMs = freezeLimitMs): Promise<void> {
  if (!(await freezer.request()))
    throw new AgentError('system_failed', `cgroup ${operand} has no freezer`, { operand });
  const deadlineMs = performance.now() + limitMs;
  for (
    let pauseMs = shortestPauseMs;
    !(await freezer.isFrozen());
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  ) {
    if (performance.now() > deadlineMs) {
      await freezer.thaw();
      throw new AgentError('system_failed', `cgroup ${operand} did not freeze within ${limitMs} ms`, {
        operand,
      });
    }
    await delay(pauseMs);
  }
}
