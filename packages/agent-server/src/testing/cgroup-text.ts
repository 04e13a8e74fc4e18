// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { shellWord } from './agent-files.ts';
import type { TestedAgentHarness } from './tested-agent.ts';

/** One control file in both versions of cgroups. */
export interface ControlFile {
  /** Such as `memory.max`. */
  readonly v2: string;
  /** Such as `memory/memory.limit_in_bytes`: the controller comes first. */
  readonly v1: string;
}

/** Reads a control file of a container that was made without a cgroup path; undefined when it is not there. */
export async function cgroupText(
  { shell, paths }: Pick<TestedAgentHarness, 'shell' | 'paths'>,
  containerId: string,
  { v2, v1 }: ControlFile,
): Promise<string | undefined> {
  const [controller = '', file = ''] = v1.split('/');
  const root = '/sys/fs/cgroup';
  const unified = shellWord(join(root, paths.cgroupParent, containerId, v2));
  const legacy = shellWord(join(root, controller, paths.cgroupParent, containerId, file));
  const { exitCode, stdout } = await shell(`cat ${unified} 2>/dev/null || cat ${legacy}`);
  return exitCode === 0 ? stdout.trim() : undefined;
}
