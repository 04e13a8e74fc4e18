// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isAlive } from '@hako/hypervisor';

import { SandboxError } from '../sandbox-error.ts';
import { isPaused } from './container-notes.ts';
import { matchId } from './match-id.ts';
import { currentOwner } from './ownership.ts';
import { removeIfStale, resolveRunRoot, sweepInterruptedRemoval } from './run-directory.ts';
import { hasEnded, readRecord, type SandboxRecord, type SandboxStatus } from './sandbox-record.ts';
import { outlivesItsOwner } from './survival-record.ts';

/** A sandbox as another process sees it. */
export interface SandboxListing extends Omit<SandboxRecord, 'status'> {
  /**
   * Where it is in its life. `paused`: it runs, and its first container is frozen. `orphaned`: it runs, its owner is dead, and
   * another process may adopt it.
   */
  readonly status: SandboxStatus | 'paused' | 'orphaned';
  /** Its run directory. */
  readonly directory: string;
}

/**
 * Tells whether a sandbox runs and has an owner, be it paused or not.
 * @param listing as it was listed
 */
export function isRunning({ status }: Pick<SandboxListing, 'status'>): boolean {
  return status === 'running' || status === 'paused';
}

/** Where to look for sandboxes. */
export interface RegistryOptions {
  /** Base of the run directories; default `HAKO_RUN_DIR`, else `/run/hako`. */
  readonly runRoot?: string;
}

/**
 * Lists the sandboxes of this machine, oldest first. What a dead owner left is removed on the way.
 * @param options where to look
 */
export async function listSandboxes(options: RegistryOptions = {}): Promise<readonly SandboxListing[]> {
  const root = resolveRunRoot(options.runRoot);
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(names.map((name) => inspect(root, name)));
  return found
    .filter((listing) => listing !== undefined)
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
}

/**
 * Finds one sandbox by its id or by the unique beginning of its id. Error: `sandbox_not_found`.
 * @param id the id or its beginning
 * @param options where to look
 */
export async function findSandbox(id: string, options: RegistryOptions = {}): Promise<SandboxListing> {
  const all = await listSandboxes(options);
  const [first, second] = matchId(all, id);
  if (first === undefined) {
    throw new SandboxError('sandbox_not_found', `no sandbox ${JSON.stringify(id)}`, {
      remedy: 'see `hako ps` for those that exist',
    });
  }
  if (second !== undefined) {
    throw new SandboxError(
      'sandbox_not_found',
      `${JSON.stringify(id)} begins the names of several sandboxes`,
      {
        remedy: 'give more of the name',
      },
    );
  }
  return first;
}

async function inspect(root: string, name: string): Promise<SandboxListing | undefined> {
  const directory = join(root, name);
  const record = await readRecord(directory);
  if (record === undefined) {
    await sweepInterruptedRemoval(root, name);
    return undefined;
  }
  const isHidden = name.startsWith('.');
  if (!isHidden && hasEnded(record)) return { ...record, directory };
  const { owner } = await currentOwner(directory, record);
  if (await isAlive(owner)) {
    if (isHidden) return undefined;
    const { containerId, status } = record;
    const isFrozen =
      status === 'running' && containerId !== undefined && (await isPaused(directory, containerId));
    return { ...record, owner, directory, ...(isFrozen && { status: 'paused' }) };
  }
  if (!isHidden && (await outlivesItsOwner(record)))
    return { ...record, owner, directory, status: 'orphaned' };
  await removeIfStale(root, name);
  // What was to be kept of a sandbox that was about to end is there now.
  const kept = isHidden ? undefined : await readRecord(directory);
  return kept !== undefined && hasEnded(kept) ? { ...kept, directory } : undefined;
}
