// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import { readCgroupFile } from './cgroup-file.ts';
import { writeControl } from './cgroup-tree.ts';
import type { LimitProblem } from './container-cgroup.ts';

/** One value for one control file. */
export interface ControlValue {
  readonly dir: string;
  readonly file: string;
  readonly value: string;
}

/** Writes values one after another, and tells which could not be written. */
export async function writeLimits(values: readonly ControlValue[]): Promise<LimitProblem[]> {
  const problems: LimitProblem[] = [];
  for (const { dir, file, value } of values) {
    try {
      if (!(await writeControl(dir, file, value))) problems.push({ file, error: undefined });
    } catch (error) {
      problems.push({ file, error });
    }
  }
  return problems;
}

/** The groups above a group, the one below the controller's root first. */
function parentsOf(root: string, dir: string): string[] {
  const parents: string[] = [];
  for (
    let parent = dirname(dir);
    parent !== root && parent.startsWith(`${root}/`);
    parent = dirname(parent)
  ) {
    parents.unshift(parent);
  }
  return parents;
}

/**
 * Sets the CPUs of the groups between the root and a group, from the top, because a group can only have what the one above
 * it has. Groups without a list of their own are left alone.
 */
export async function widenCpus(root: string, dir: string, cpus: string): Promise<LimitProblem[]> {
  const values: ControlValue[] = [];
  for (const parent of parentsOf(root, dir)) {
    const present = await readCgroupFile(parent, 'cpuset.cpus');
    if (present !== undefined && present.trim() !== '')
      values.push({ dir: parent, file: 'cpuset.cpus', value: cpus });
  }
  return await writeLimits(values);
}

/** The values of a group's cpuset. */
export function cpusetValues(
  dir: string,
  { cpus, mems }: { readonly cpus?: string | undefined; readonly mems?: string | undefined },
): ControlValue[] {
  const values: ControlValue[] = [];
  if (cpus !== undefined) values.push({ dir, file: 'cpuset.cpus', value: cpus });
  if (mems !== undefined) values.push({ dir, file: 'cpuset.mems', value: mems });
  return values;
}

/** Reads the count of processes killed for want of memory from a file of lines `key value`. */
export async function readOomKills(dir: string, file: string): Promise<bigint | undefined> {
  const text = await readCgroupFile(dir, file);
  const count = text === undefined ? undefined : /^oom_kill (\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : BigInt(count);
}
