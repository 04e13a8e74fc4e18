// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { isAlive, type ProcessIdentity } from '@hako/hypervisor';

import { withDeadline, type WaitOptions } from '../deadline.ts';
import { errorCode } from '../error-code.ts';
import { SandboxError } from '../sandbox-error.ts';
import { currentOwner, isSame } from './ownership.ts';
import { removeKept, RunDirectory } from './run-directory.ts';
import { hasEnded, readRecord } from './sandbox-record.ts';
import { findSandbox, type RegistryOptions, type SandboxListing } from './sandbox-registry.ts';

/** The owner gets so long to stop its workload in order and to clean up. */
const defaultStopTimeoutMs = 15_000;

/** A process that was killed is reaped by its parent; that takes no time worth more. */
const killTimeoutMs = 5_000;

const pollIntervalMs = 10;

/** An owner that has ended its last sandbox ends within this. */
const farewellMs = 500;

/** Where and how long. */
export type StopSandboxOptions = RegistryOptions & WaitOptions;

/**
 * Stops a sandbox of another process: its owner is asked by SIGTERM and killed by SIGKILL when it does not listen; then
 * whatever is left of it is taken away. One whose owner is dead is adopted and stopped. A sandbox that has ended already is no
 * error. Errors: `sandbox_not_found`, `aborted`.
 * @param id the sandbox, or the unique beginning of its id
 * @param options limits; the default limit before SIGKILL is 15 s
 */
export async function stopSandbox(id: string, options: StopSandboxOptions = {}): Promise<SandboxListing> {
  const listing = await findSandbox(id, options);
  const { owner } = listing;
  if (hasEnded(listing)) return listing;
  if (listing.status === 'orphaned') {
    await stopOrphan(listing, options);
    return listing;
  }
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
    await clear(listing);
  }
  // An owner that died of being asked leaves an orphan if the sandbox was to survive it, else nothing that is found.
  const left = await findSandbox(listing.id, options).catch(() => undefined);
  if (left?.status === 'orphaned') await stopOrphan(left, options);
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
  await removeKept(dirname(listing.directory), listing.id);
  return listing;
}

/** In order if it lets itself be adopted, otherwise by force. Another process may be faster, which is as good. */
async function stopOrphan(listing: SandboxListing, options: StopSandboxOptions): Promise<void> {
  const { adoptSandbox } = await import('../adopt-sandbox.ts');
  const runRoot = dirname(listing.directory);
  try {
    const sandbox = await adoptSandbox(listing.id, { ...options, runRoot });
    await sandbox.stop();
  } catch (error) {
    if (error instanceof SandboxError && error.code === 'aborted') throw error;
    await clear(listing);
  }
}

/** Takes away what a killed owner has left. */
async function clear({ directory, id }: SandboxListing): Promise<void> {
  const left = await RunDirectory.takeOver(dirname(directory), id);
  await left?.clear();
}

async function untilEnded(directory: string, owner: ProcessIdentity, signal: AbortSignal): Promise<void> {
  for (;;) {
    const record = await readRecord(directory);
    if (record === undefined) return;
    if (hasEnded(record)) {
      // Nothing of it is left. An owner that owned nothing else is just about to end, too.
      const patience = AbortSignal.any([signal, AbortSignal.timeout(farewellMs)]);
      return untilDead(owner, patience).catch(() => signal.throwIfAborted());
    }
    const now = await currentOwner(directory, record);
    if (!isSame(now.owner, owner) || !(await isAlive(owner))) return;
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
    if (errorCode(cause) === 'ESRCH') return;
    throw new SandboxError('permission_denied', `process ${pid} cannot be signalled`, {
      cause,
      remedy: 'run as root',
    });
  }
}
