// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';

/** Name of the file in a run directory that names the sandbox's control groups, innermost first, one on each line. */
const traceFile = 'cgroups';

/**
 * Writes down which control groups a sandbox has, before anything is in them.
 * @param directory run directory
 * @param groups their directories, innermost first
 */
export async function leaveCgroupTrace(directory: string, groups: readonly string[]): Promise<void> {
  await writeFile(join(directory, traceFile), `${groups.join('\n')}\n`, { mode: 0o600 });
}

/**
 * Reads which control groups a sandbox has, innermost first; what is no control group of this machine is left out.
 * @param directory its run directory
 * @param mountinfo mounts of the machine, to be read instead of the process's own
 */
export async function tracedCgroups(directory: string, mountinfo?: string): Promise<readonly string[]> {
  const text = await readFile(join(directory, traceFile), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '' && normalize(line) === line);
  if (lines.length === 0) return [];
  const { cgroupRoots } = await import('./cgroup-hierarchies.ts');
  const roots = await cgroupRoots(mountinfo);
  return lines.filter((line) => roots.some((root) => line.startsWith(`${root}/`)));
}

/**
 * Removes the control groups that the dead owner of a run directory left.
 * @param directory its run directory
 * @param mountinfo mounts of the machine, to be read instead of the process's own
 * @returns whether nothing is left; if not, the directory is to be kept and looked at again
 */
export async function removeLeftCgroups(directory: string, mountinfo?: string): Promise<boolean> {
  const groups = await tracedCgroups(directory, mountinfo);
  if (groups.length === 0) return true;
  const { removeCgroups } = await import('./remove-cgroups.ts');
  return removeCgroups(groups).then(
    () => true,
    () => false,
  );
}
