// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { withDeadline, type WaitOptions } from '../deadline.ts';
import { SandboxError } from '../sandbox-error.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { hasEnded, removeDirectory } from './run-directory.ts';
import { readRecord } from './sandbox-record.ts';
import { findSandbox, type RegistryOptions, type SandboxListing } from './sandbox-registry.ts';

/** The owner gets so long to stop its workload in order and to clean up. */
const defaultStopTimeoutMs = 15_000;

/** A process that was killed is reaped by its parent; that takes no time worth more. */
const killTimeoutMs = 5_000;

const pollIntervalMs = 10;

/** Where and how long. */
export type StopSandboxOptions = RegistryOptions & WaitOptions;

/**
 * Stops a sandbox of another process: its owner is asked by SIGTERM and killed by SIGKILL when it does not listen. The
 * kernel kills the virtual machine and the file sharing with it. A sandbox that has ended already is no error.
 * Errors: `sandbox_not_found`, `aborted`.
 * @param id the sandbox, or the unique beginning of its id
 * @param options limits; the default limit before SIGKILL is 15 s
 */
export async function stopSandbox(id: string, options: StopSandboxOptions = {}): Promise<SandboxListing> {
  const listing = await findSandbox(id, options);
  const { owner } = listing;
  if (hasEnded(listing)) return listing;
  signalProcess(owner.pid, 'SIGTERM');
  try {
    await withDeadline(
      `stop of ${listing.id}`,
      {
        timeoutMs: options.timeoutMs ?? defaultStopTimeoutMs,
        ...(options.signal && { signal: options.signal }),
      },
      (signal) => untilEnded(listing.directory, owner, signal),
    );
  } catch (error) {
    if (!(error instanceof SandboxError) || error.code !== 'timeout') throw error;
    if (await isAlive(owner)) signalProcess(owner.pid, 'SIGKILL');
    await withDeadline(`kill of ${listing.id}`, { timeoutMs: killTimeoutMs }, (signal) =>
      untilDead(owner, signal),
    );
  }
  return listing;
}

/** How to remove a sandbox's record. */
export interface RemoveSandboxOptions extends StopSandboxOptions {
  /** Stop it first when it still runs. Default false. */
  readonly force?: boolean;
}

/**
 * Removes what is kept of a sandbox that has ended. Errors: `sandbox_not_found`, `invalid_state` (it runs), `aborted`.
 * @param id the sandbox, or the unique beginning of its id
 * @param options limits
 */
export async function removeSandbox(id: string, options: RemoveSandboxOptions = {}): Promise<SandboxListing> {
  const listing = await findSandbox(id, options);
  if (!hasEnded(listing)) {
    if (options.force !== true) {
      throw new SandboxError('invalid_state', `sandbox ${listing.id} is ${listing.status}`, {
        remedy: `stop it with \`hako stop ${listing.id}\` or use \`hako rm --force\``,
      });
    }
    await stopSandbox(listing.id, options);
  }
  const root = listing.directory.slice(0, -listing.id.length - 1);
  await removeDirectory(root, listing.id, listing.owner);
  return listing;
}

async function untilEnded(directory: string, owner: ProcessIdentity, signal: AbortSignal): Promise<void> {
  for (;;) {
    const record = await readRecord(directory);
    const isReplaced = record?.owner.startTicks !== owner.startTicks || record.owner.pid !== owner.pid;
    if (isReplaced || !(await isAlive(owner))) return;
    await delay(pollIntervalMs, undefined, { signal });
  }
}

async function untilDead(owner: ProcessIdentity, signal: AbortSignal): Promise<void> {
  while (await isAlive(owner)) await delay(pollIntervalMs, undefined, { signal });
}

function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return;
    throw new SandboxError('permission_denied', `process ${pid} cannot be signalled`, {
      cause,
      remedy: 'run as root',
    });
  }
}
