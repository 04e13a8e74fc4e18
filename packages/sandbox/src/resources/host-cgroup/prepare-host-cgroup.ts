// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { SandboxConfig } from '../../sandbox-options.ts';
import type { UndoStack } from '../../undo-stack.ts';
import type { HostCgroup } from './host-cgroup.ts';
import type { CheckedHostCgroup } from './host-cgroup-options.ts';
import { leaveCgroupTrace } from './leftover-cgroup.ts';

/** The control groups of a sandbox as its making uses them. */
export interface SandboxCgroup {
  /** What the hypervisor enters. */
  readonly controlGroupFiles: readonly string[];
  /** Brings in what was started for the sandbox meanwhile, and the threads of its CPUs. */
  readonly settle: (vm: VirtualMachine) => Promise<void>;
}

/**
 * Makes the control groups of a sandbox, if it is to have some. Errors: `permission_denied`, `tool_missing`.
 * @param config the sandbox's
 * @param directory its run directory, which remembers them
 * @param undo removes them
 */
export async function prepareHostCgroup(
  { id, hostCgroup }: SandboxConfig,
  directory: string,
  undo: UndoStack,
): Promise<SandboxCgroup | undefined> {
  if (hostCgroup === undefined) return undefined;
  const { HostCgroup } = await import('./host-cgroup.ts');
  const group = await HostCgroup.plan(id, hostCgroup);
  await leaveCgroupTrace(directory, group.directories);
  undo.push('control groups', () => group.remove());
  await group.make();
  return { controlGroupFiles: group.entryFiles, settle: settlement(group, hostCgroup, directory) };
}

/**
 * What brings the processes of a sandbox into its control groups.
 * @param group the groups
 * @param options how they were made
 * @param directory run directory of the sandbox
 */
export function settlement(
  group: Pick<HostCgroup, 'take' | 'takeVcpus'>,
  { layout }: Pick<CheckedHostCgroup, 'layout'>,
  directory: string,
): SandboxCgroup['settle'] {
  return async (vm) => {
    const { processesOf } = await import('../../run/left-processes.ts');
    const runs = vm.state === 'running' || vm.state === 'paused';
    const vmm = runs ? vm.pids().vmm : undefined;
    // The hypervisor has entered by itself, and its threads are not to be brought together again.
    const pids = (await processesOf(directory)).map(({ pid }) => pid).filter((pid) => pid !== vmm);
    await group.take(pids);
    if (runs && layout === 'overhead')
      await group.takeVcpus((await vm.vcpuThreads()).map(({ threadId }) => threadId));
  };
}
