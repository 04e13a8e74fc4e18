// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName } from '../errors/describe-error.ts';
import { readCgroupFile } from './cgroup-file.ts';

const goneCodes = new Set(['ENOENT', 'ENODEV', 'ENOTDIR']);

/** True for errors that mean the group has gone away meanwhile. */
function isGone(error: unknown): boolean {
  const code = errnoName(error);
  return code !== undefined && goneCodes.has(code);
}

/** The groups below a group, deepest first, itself last; empty when it does not exist. */
async function groupsDeepestFirst(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    const children = entries.filter((entry) => entry.isDirectory());
    const below = await Promise.all(children.map((entry) => groupsDeepestFirst(join(dir, entry.name))));
    return [...below.flat(), dir];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** The process ids in a group and the groups below it. */
export async function listProcesses(dir: string): Promise<number[]> {
  const groups = await groupsDeepestFirst(dir);
  const texts = await Promise.all(groups.map((group) => readCgroupFile(group, 'cgroup.procs')));
  return texts.flatMap((text) =>
    (text ?? '').split('\n').flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : [])),
  );
}

/** Sends SIGKILL to every process in a group; those that have just gone are skipped. */
export async function killProcesses(dir: string, kill: (pid: number, signal: number) => void): Promise<void> {
  const sigkill = 9;
  for (const pid of await listProcesses(dir)) {
    try {
      kill(pid, sigkill);
    } catch (error) {
      if (errnoName(error) !== 'ESRCH') throw error;
    }
  }
}

/**
 * Writes a control file.
 *
 * @returns false when the kernel has no such file, or the group is gone
 */
export async function writeControl(dir: string, name: string, value: string): Promise<boolean> {
  try {
    // Without O_CREAT: a group that is gone must not come back as a plain file. Some control files cannot be read.
    await writeFile(join(dir, name), value, { flag: constants.O_WRONLY });
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Removes a group and the groups below it; what is gone already is no error. */
export async function removeGroups(dir: string): Promise<void> {
  for (const group of await groupsDeepestFirst(dir)) {
    try {
      await rmdir(group);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}
