// SPDX-License-Identifier: Apache-2.0
import { rmdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { SandboxError } from '../../sandbox-error.ts';
import { errorCode } from '../../error-code.ts';
import { usualParent } from './host-cgroup-options.ts';

/** A group whose processes were killed is empty a moment later; this is a bound for a busy host. */
const emptyingMs = 10_000;
const pollIntervalMs = 10;

/**
 * Removes control groups that are empty, or are going to be. What is gone already is no error. Error: `tool_failed`.
 * @param directories innermost first
 */
export async function removeCgroups(directories: readonly string[]): Promise<void> {
  const limitMs = performance.now() + emptyingMs;
  for (const directory of directories) {
    for (;;) {
      const failure = await rmdir(directory).catch((error: unknown) => error);
      if (failure === undefined || errorCode(failure) === 'ENOENT') break;
      if (errorCode(failure) !== 'EBUSY' || performance.now() > limitMs) {
        throw new SandboxError('tool_failed', `control group ${directory} cannot be removed`, {
          cause: failure,
        });
      }
      await delay(pollIntervalMs);
    }
  }
  // The usual parent is made by the first sandbox and goes with the last one; any other is its owner's.
  const parents = new Set(directories.map((directory) => dirname(directory)));
  for (const parent of parents)
    if (basename(parent) === basename(usualParent)) await rmdir(parent).catch(() => undefined);
}
