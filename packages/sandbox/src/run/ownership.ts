// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, readdir, readFile, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { isAlive, isProcessIdentity, type ProcessIdentity } from '@hako/hypervisor';

import { errorCode } from '../error-code.ts';
import { hasEnded, readRecord, type SandboxRecord } from './sandbox-record.ts';

/**
 * Who owns a run directory.
 *
 * The first owner is named by the record, which appears together with the directory. Each later one is named by a file
 * `owner.N`, N counting from 2, which link(2) lets only one process make. The owner is the one with the highest number, and a
 * dead one is followed by the next number: nothing stale is ever broken, so that there is no moment in which two could own.
 *
 * The directory is opened before it is looked at, and the file is made through what was opened. A directory that took its
 * place meanwhile is therefore never touched.
 */
const successorPattern = /^owner\.([1-9]\d{0,8})$/;
const firstOwner = 1;

/** The owner of a directory, and the how manieth it is. */
export interface Ownership {
  readonly owner: ProcessIdentity;
  readonly generation: number;
}

/** A directory that has just become another process's. */
export interface Inheritance {
  /** What the record said before. Its owner is the one before, whose number may be higher than the first. */
  readonly record: SandboxRecord;
  readonly previous: ProcessIdentity;
}

/** How the world is seen; tests have their own. */
export interface OwnershipComponents {
  readonly isAlive: (identity: ProcessIdentity) => Promise<boolean>;
}

/**
 * Tells who owns a directory now, alive or dead.
 * @param directory run directory
 * @param record its record
 */
export async function currentOwner(directory: string, record: SandboxRecord): Promise<Ownership> {
  const names = await readdir(directory).catch(() => []);
  const numbers = names.map((name) => Number(successorPattern.exec(name)?.[1] ?? firstOwner));
  const generation = Math.max(firstOwner, ...numbers);
  if (generation === firstOwner) return { owner: record.owner, generation };
  const text = await readFile(join(directory, `owner.${generation}`), 'utf8').catch(() => '');
  return { owner: parseIdentity(text) ?? record.owner, generation };
}

/**
 * Makes a process the owner of a directory whose owner is dead, or which is only kept for reading. Of several that try at the
 * same time one succeeds.
 * @param directory run directory
 * @param heir who becomes the owner
 * @param components how the world is seen
 * @returns undefined if there is no sandbox, it has an owner, or somebody else was faster
 */
export async function inherit(
  directory: string,
  heir: ProcessIdentity,
  components: OwnershipComponents = { isAlive },
): Promise<Inheritance | undefined> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const opened = `/proc/self/fd/${handle.fd}`;
    const record = await readRecord(opened);
    if (record === undefined) return undefined;
    const { owner, generation } = await currentOwner(opened, record);
    // Writing that it has ended was the last thing its owner did, dead or not.
    const isDone = hasEnded(record) && isSame(owner, record.owner);
    if (!isDone && (await components.isAlive(owner))) return undefined;
    const claim = `owner.${generation + 1}`;
    if (!(await createExclusively(opened, claim, heir))) return undefined;
    if (await isStillThere(directory, handle)) return { record, previous: owner };
    // It is aside, on its way to its end: whoever sweeps it shall find no living owner.
    await rm(join(opened, claim), { force: true });
    return undefined;
  } finally {
    await handle.close();
  }
}

/** Owner of a directory that its owner has let go of: no process has this number. */
const nobody: ProcessIdentity = { pid: 0, startTicks: '0' };

/**
 * Lets go of a directory that a living process owns, so that another one can inherit it.
 * @param directory run directory
 * @param record its record
 */
export async function disown(directory: string, record: SandboxRecord): Promise<void> {
  const { generation } = await currentOwner(directory, record);
  await createExclusively(directory, `owner.${generation + 1}`, nobody);
}

/**
 * Tells whether two identities are of one process.
 * @param one a process
 * @param other a process
 */
export function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTicks === other.startTicks;
}

/** The file appears whole, or not at all. */
async function createExclusively(
  directory: string,
  name: string,
  { pid, startTicks }: ProcessIdentity,
): Promise<boolean> {
  const prepared = join(directory, `.owner-${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(prepared, `${JSON.stringify({ pid, startTicks })}\n`, { flag: 'wx', mode: 0o600 });
    await link(prepared, join(directory, name));
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  } finally {
    await rm(prepared, { force: true });
  }
}

async function isStillThere(directory: string, handle: FileHandle): Promise<boolean> {
  const [there, opened] = await Promise.all([stat(directory).catch(() => undefined), handle.stat()]);
  return there?.ino === opened.ino && there.dev === opened.dev;
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isProcessIdentity(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
