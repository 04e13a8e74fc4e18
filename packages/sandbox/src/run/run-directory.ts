// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';

import { removeLeftNetwork } from '../network/leftover-network.ts';
import { SandboxError } from '../sandbox-error.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';
import { readRecord, writeRecord, type SandboxRecord } from './sandbox-record.ts';

/** Where run directories live unless an option or `HAKO_RUN_DIR` says otherwise. */
const defaultRunRoot = '/run/hako';

/** What stays in a run directory whose sandbox has ended and whose record is kept. */
const keptEntries: readonly string[] = ['state.json', 'logs'];

/** How often a claim may find a dead owner's directory in its way. */
const maxClaimAttempts = 3;

/**
 * The base of all run directories.
 * @param option the caller's choice, which wins over `HAKO_RUN_DIR` and the default `/run/hako`
 */
export function resolveRunRoot(option?: string): string {
  const fromEnvironment = process.env['HAKO_RUN_DIR'];
  return (
    option ?? (fromEnvironment === undefined || fromEnvironment === '' ? defaultRunRoot : fromEnvironment)
  );
}

/** A claimed run directory (mode 0700). Whoever holds it owns the id. */
export class RunDirectory {
  /** Absolute path. */
  readonly path: string;
  #record: SandboxRecord;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, record: SandboxRecord) {
    this.path = path;
    this.#record = record;
  }

  /** What the record says now. */
  get record(): SandboxRecord {
    return this.#record;
  }

  /**
   * Claims an id: prepares a directory that already names its owner and renames it into place, which the kernel lets
   * only one process do. A directory left by a dead owner is removed first. Errors: `name_in_use`, `permission_denied`.
   * @param root base directory, created when missing
   * @param record first record; its owner is filled in
   */
  static async claim(root: string, record: Omit<SandboxRecord, 'owner' | 'version'>): Promise<RunDirectory> {
    const owner = await identifyProcess(process.pid);
    if (owner === undefined) throw new SandboxError('permission_denied', '/proc is not readable');
    const full: SandboxRecord = { version: 1, owner, ...record };
    const path = join(root, record.id);
    const prepared = hiddenSibling(root, 'claim');
    await createDirectories(root, prepared);
    try {
      await writeRecord(prepared, full);
      for (let attempt = 0; ; attempt++) {
        if (await tryRename(prepared, path)) return new RunDirectory(path, full);
        if (attempt === maxClaimAttempts || !(await removeIfStale(root, record.id))) {
          throw await nameInUse(path, record.id);
        }
      }
    } catch (error) {
      await rm(prepared, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Changes the record on disk. Changes are written one after the other.
   * @param change the fields to replace
   */
  update(change: Partial<Omit<SandboxRecord, 'id' | 'owner' | 'version'>>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    const record = this.#record;
    this.#writing = this.#writing.catch(() => undefined).then(() => writeRecord(this.path, record));
    return this.#writing;
  }

  /**
   * Gives the directory up: removes it, or everything but the record and the logs.
   * @param keepRecord leave record and logs for a later look; the id stays taken until they are removed
   */
  async release(keepRecord: boolean): Promise<void> {
    await this.#writing.catch(() => undefined);
    if (!keepRecord) {
      // Renamed away first: a removal that is cut short leaves no half directory under a name.
      const aside = hiddenSibling(dirname(this.path), 'stale');
      if (await tryRename(this.path, aside)) await rm(aside, { recursive: true, force: true });
      return;
    }
    const entries = await readdir(this.path);
    const surplus = entries.filter((entry) => !keptEntries.includes(entry));
    await Promise.all(surplus.map((entry) => rm(join(this.path, entry), { recursive: true, force: true })));
  }
}

/**
 * Removes a run directory whose owner is dead. A directory whose record was kept on purpose is not stale, and one
 * without a record is not ours.
 * @param root base directory
 * @param id sandbox id
 * @returns whether the id is free now
 */
export async function removeIfStale(root: string, id: string): Promise<boolean> {
  const path = join(root, id);
  const seen = await readRecord(path);
  if (seen === undefined || hasEnded(seen) || (await isAlive(seen.owner))) return false;
  return removeDirectory(root, id, seen.owner);
}

/**
 * Removes a run directory that is known to belong to `owner`. It is renamed away first, so that of two cleaners one
 * wins, and looked at again afterwards, so that a directory claimed in between is put back.
 * @param root base directory
 * @param id sandbox id
 * @param owner whom the directory belonged to when it was looked at
 * @returns whether it was removed
 */
export async function removeDirectory(root: string, id: string, owner: ProcessIdentity): Promise<boolean> {
  const path = join(root, id);
  const aside = hiddenSibling(root, 'stale');
  if (!(await tryRename(path, aside))) return false;
  const moved = (await readRecord(aside))?.owner;
  if (moved?.pid !== owner.pid || moved.startTicks !== owner.startTicks) {
    await tryRename(aside, path);
    return false;
  }
  await removeAside(aside);
  return true;
}

/**
 * Tells whether a record is only kept for reading.
 * @param record a record
 */
export function hasEnded(record: SandboxRecord): boolean {
  return record.status === 'exited' || record.status === 'failed';
}

/**
 * Removes what an interrupted removal left: such a directory may have lost its record already.
 * @param root base directory
 * @param name an entry of it
 */
export async function sweepInterruptedRemoval(root: string, name: string): Promise<void> {
  if (/^\.stale-[0-9a-f]{12}$/.test(name)) await removeAside(join(root, name));
}

/** A directory whose network cannot be taken back now stays aside, and is looked at again by the next who lists. */
async function removeAside(aside: string): Promise<void> {
  if (await removeLeftNetwork(aside)) await rm(aside, { recursive: true, force: true });
}

function hiddenSibling(root: string, purpose: 'claim' | 'stale'): string {
  return join(root, `.${purpose}-${randomBytes(6).toString('hex')}`);
}

async function createDirectories(root: string, prepared: string): Promise<void> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await mkdir(prepared, { mode: 0o700 });
  } catch (cause) {
    throw new SandboxError('permission_denied', `run directory ${root} cannot be created`, {
      cause,
      remedy: 'run as root or choose another base with HAKO_RUN_DIR',
    });
  }
}

async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

async function nameInUse(path: string, id: string): Promise<SandboxError> {
  return new SandboxError('name_in_use', `name ${id} is already in use`, {
    remedy: remedyForTakenName(await readRecord(path), path, id),
  });
}

function remedyForTakenName(record: SandboxRecord | undefined, path: string, id: string): string {
  if (record === undefined) return `choose another name or remove ${path}`;
  if (hasEnded(record)) return `choose another name or remove its record with \`hako rm ${id}\``;
  return `choose another name or stop it with \`hako stop ${id}\``;
}
