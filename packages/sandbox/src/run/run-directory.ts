// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';

import { identifyProcess, type ProcessIdentity } from '@hako/hypervisor';

import { errorCode } from '../error-code.ts';
import { removeLeftNetwork } from '../network/leftover-network.ts';
import { removeLeftCgroups } from '../resources/host-cgroup/leftover-cgroup.ts';
import { SandboxError } from '../sandbox-error.ts';
import { disown, inherit } from './ownership.ts';
import { hasEnded, readRecord, writeRecord, type Outcome, type SandboxRecord } from './sandbox-record.ts';
import { outlivesItsOwner } from './survival-record.ts';

/** Where run directories live unless an option or `HAKO_RUN_DIR` says otherwise. */
const defaultRunRoot = '/run/hako';

/** What stays in a run directory whose sandbox has ended and whose record is kept: record, logs, and who has owned it. */
const keptEntries = /^(?:state\.json|logs|owner\.\d+)$/;

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
  #isReleased = false;

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
   * only one process do. A directory left by a dead owner is removed first, unless its sandbox goes on. Errors:
   * `name_in_use`, `permission_denied`.
   * @param root base directory, created when missing
   * @param record first record; its owner is filled in
   */
  static async claim(root: string, record: Omit<SandboxRecord, 'owner' | 'version'>): Promise<RunDirectory> {
    const full: SandboxRecord = { version: 1, owner: await ownIdentity(), ...record };
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
   * Takes over what a dead owner left, or what is only kept for reading. The record names the new owner with its next change.
   * @param root base directory
   * @param name sandbox id, or name of a directory that an interrupted removal left
   * @returns undefined if there is nothing, it has an owner, or another process was faster
   */
  static async takeOver(root: string, name: string): Promise<RunDirectory | undefined> {
    const path = join(root, name);
    const owner = await ownIdentity();
    const inherited = await inherit(path, owner);
    return inherited && new RunDirectory(path, { ...inherited.record, owner });
  }

  /**
   * Changes the record on disk. Changes are written one after the other, and none after the release.
   * @param change the fields to replace
   */
  update(change: Partial<Omit<SandboxRecord, 'id' | 'owner' | 'version'>>): Promise<void> {
    if (this.#isReleased) return Promise.resolve();
    this.#record = { ...this.#record, ...change };
    const record = this.#record;
    this.#writing = this.#writing.catch(() => undefined).then(() => writeRecord(this.path, record));
    return this.#writing;
  }

  /**
   * Gives the directory up: removes it, or everything but record, logs and the names of its owners. That the sandbox has
   * ended is the last thing written: from then on anybody may remove the rest.
   * @param outcome how it ended, to be kept for a later look; the id stays taken until it is removed
   */
  async release(outcome?: Outcome): Promise<void> {
    this.#isReleased = true;
    await this.#writing.catch(() => undefined);
    if (outcome === undefined) {
      const aside = await this.#setAside();
      if (aside !== undefined) await rm(aside, { recursive: true, force: true });
      return;
    }
    const surplus = (await readdir(this.path)).filter((entry) => !keptEntries.test(entry));
    await Promise.all(surplus.map((entry) => rm(join(this.path, entry), { recursive: true, force: true })));
    await writeRecord(this.path, endedRecord(this.#record, outcome));
  }

  /** Lets go of a directory whose sandbox goes on: another process, or this one, may take it over. */
  async disown(): Promise<void> {
    this.#isReleased = true;
    await this.#writing.catch(() => undefined);
    await disown(this.path, this.#record);
  }

  /**
   * Takes back what a dead owner left of its sandbox: processes, changes of the network, the directory. What the owner wanted
   * to be kept of a sandbox that was about to end is kept.
   * @returns whether nothing is left of it
   */
  async clear(): Promise<boolean> {
    const { outcome, id } = this.#record;
    // A directory that is aside already bears the name of what may live in its place now.
    if (basename(this.path) === id) {
      const { endLeftProcesses } = await import('./left-processes.ts');
      if (!(await endLeftProcesses(this.path))) return false;
    }
    if (outcome !== undefined) {
      if (await removeTraces(this.path)) await this.release(outcome);
      return false;
    }
    this.#isReleased = true;
    const aside = await this.#setAside();
    // What cannot be taken back now is for the next who looks, be it this process.
    if (aside !== undefined && !(await removeAside(aside))) await disown(aside, this.#record);
    return true;
  }

  /** Renamed away first: a removal that is cut short leaves no half directory under a name. */
  async #setAside(): Promise<string | undefined> {
    const aside = hiddenSibling(dirname(this.path), 'stale');
    return (await tryRename(this.path, aside)) ? aside : undefined;
  }
}

/**
 * Takes back what is left of a sandbox whose owner is dead. A directory whose record was kept on purpose is not stale, nor one
 * whose sandbox goes on without its owner; one without a record is not ours.
 * @param root base directory
 * @param name sandbox id, or name of a directory that an interrupted removal left
 * @returns whether the name is free now
 */
export async function removeIfStale(root: string, name: string): Promise<boolean> {
  const seen = await readRecord(join(root, name));
  if (seen === undefined || hasEnded(seen) || (await outlivesItsOwner(seen))) return false;
  return (await (await RunDirectory.takeOver(root, name))?.clear()) ?? false;
}

/**
 * Removes what is kept of a sandbox that has ended.
 * @param root base directory
 * @param id sandbox id
 * @returns whether it was removed here
 */
export async function removeKept(root: string, id: string): Promise<boolean> {
  const seen = await readRecord(join(root, id));
  if (seen === undefined || !hasEnded(seen)) return false;
  const taken = await RunDirectory.takeOver(root, id);
  await taken?.release();
  return taken !== undefined;
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
async function removeAside(aside: string): Promise<boolean> {
  if (!(await removeTraces(aside))) return false;
  await rm(aside, { recursive: true, force: true });
  return true;
}

/** Takes back what is not in the directory and not in a process: links of the network, control groups. */
async function removeTraces(directory: string): Promise<boolean> {
  const done = [await removeLeftNetwork(directory), await removeLeftCgroups(directory)];
  return done.every((each) => each);
}

/** What is only of use to a sandbox that lives is left out. */
function endedRecord(record: SandboxRecord, outcome: Outcome): SandboxRecord {
  const ended = { ...record, ...outcome };
  delete ended.outcome;
  delete ended.survival;
  return ended;
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

async function ownIdentity(): Promise<ProcessIdentity> {
  const own = await identifyProcess(process.pid);
  if (own === undefined) throw new SandboxError('permission_denied', '/proc is not readable');
  return own;
}

async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = errorCode(error);
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
