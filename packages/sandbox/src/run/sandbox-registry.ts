// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { SandboxError } from '../sandbox-error.ts';
import { isAlive } from './process-identity.ts';
import { hasEnded, removeIfStale, resolveRunRoot, sweepInterruptedRemoval } from './run-directory.ts';
import { readRecord, type SandboxRecord } from './sandbox-record.ts';

/** A sandbox as another process sees it. */
export interface SandboxListing extends SandboxRecord {
  /** Its run directory. */
  readonly directory: string;
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
  const exact = all.find((listing) => listing.id === id);
  if (exact !== undefined) return exact;
  const [first, second] = id === '' ? [] : all.filter((listing) => listing.id.startsWith(id));
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
  const isHidden = name.startsWith('.');
  if (record !== undefined && !isHidden && hasEnded(record)) return { ...record, directory };
  if (record !== undefined && (await isAlive(record.owner)))
    return isHidden ? undefined : { ...record, directory };
  if (record === undefined) await sweepInterruptedRemoval(root, name);
  else await removeIfStale(root, name);
  return undefined;
}
