// SPDX-License-Identifier: Apache-2.0
import type { SandboxConfig } from '../../sandbox-options.ts';
import type { UndoStack } from '../../undo-stack.ts';
import { removeLeftCgroups, tracedCgroups } from './leftover-cgroup.ts';
import { settlement, type SandboxCgroup } from './prepare-host-cgroup.ts';

/**
 * Goes on with the control groups that a dead owner has made for a sandbox, if it has some.
 * @param config the sandbox's
 * @param directory its run directory, which remembers them
 * @param undo removes them
 */
export async function adoptHostCgroup(
  { hostCgroup }: SandboxConfig,
  directory: string,
  undo: UndoStack,
): Promise<Pick<SandboxCgroup, 'settle'> | undefined> {
  undo.push('control groups', async () => {
    if (!(await removeLeftCgroups(directory))) throw new Error('they have members');
  });
  if (hostCgroup === undefined) return undefined;
  const { HostCgroup } = await import('./host-cgroup.ts');
  const group = await HostCgroup.adopt(hostCgroup, await tracedCgroups(directory));
  return { settle: settlement(group, hostCgroup, directory) };
}
