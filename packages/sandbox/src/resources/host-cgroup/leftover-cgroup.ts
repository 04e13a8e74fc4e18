// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Name of the file in a run directory that names the sandbox's control groups, innermost first, one on each line. */
const traceFile = 'cgroups';

/** Where every system has its control groups. */
const root = '/sys/fs/cgroup/';

/**
 * Writes down which control groups a sandbox has, before anything is in them.
 * @param directory run directory
 * @param groups their directories, innermost first
 */
export async function leaveCgroupTrace(directory: string, groups: readonly string[]): Promise<void> {
  await writeFile(join(directory, traceFile), `${groups.join('\n')}\n`, { mode: 0o600 });
}

/**
 * Removes the control groups that the dead owner of a run directory left.
 * @param directory its run directory
 * @returns whether nothing is left; if not, the directory is to be kept and looked at again
 */
export async function removeLeftCgroups(directory: string): Promise<boolean> {
  const text = await readFile(join(directory, traceFile), 'utf8').catch(() => '');
  const groups = text.split('\n').filter((line) => line.startsWith(root) && !line.includes('/../'));
  if (groups.length === 0) return true;
  const { removeCgroups } = await import('./remove-cgroups.ts');
  return removeCgroups(groups).then(
    () => true,
    () => false,
  );
}
