// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

import { parseMountTable } from '../../mount-table.ts';
import { SandboxError } from '../../sandbox-error.ts';

/** Controllers that keep a machine in bounds. */
export const usedControllers = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids'] as const;

/** One of {@link usedControllers}. */
export type Controller = (typeof usedControllers)[number];

/** One tree of control groups of the host. */
export interface Hierarchy {
  /** Directory of its root. */
  readonly root: string;
  /** What it counts and limits; of version 2, everything that its root offers. */
  readonly controllers: readonly string[];
}

/** The control groups of the host. */
export interface Hierarchies {
  /** On a hybrid host, where version 2 has no controller that is of use, it is 1. */
  readonly version: 1 | 2;
  readonly trees: readonly Hierarchy[];
}

/**
 * Directories under which all control groups of the host lie, wherever they are mounted and whatever they count.
 * @param mountinfo text to read instead of the process's own
 */
export async function cgroupRoots(mountinfo?: string): Promise<readonly string[]> {
  const mounts = parseMountTable(mountinfo ?? (await readFile('/proc/self/mountinfo', 'utf8')));
  return mounts.filter(({ type }) => type === 'cgroup' || type === 'cgroup2').map(({ path }) => path);
}

/**
 * Finds the control groups of the host, by its mounts (proc(5), "mountinfo"). Error: `tool_missing`.
 * @param mountinfo text to read instead of the process's own
 */
export async function findHierarchies(mountinfo?: string): Promise<Hierarchies> {
  const mounts = parseMountTable(mountinfo ?? (await readFile('/proc/self/mountinfo', 'utf8')));
  const trees = mounts
    .filter(({ type }) => type === 'cgroup')
    .map(({ path, options }) => ({
      root: path,
      controllers: usedControllers.filter((controller) => options.includes(controller)),
    }))
    .filter(({ controllers }) => controllers.length > 0);
  if (trees.length > 0) return { version: 1, trees };
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  if (unified !== undefined) {
    const { path: root } = unified;
    const offered = await readFile(`${root}/cgroup.controllers`, 'utf8').catch(() => '');
    return { version: 2, trees: [{ root, controllers: offered.trim().split(' ') }] };
  }
  throw new SandboxError('tool_missing', 'this machine has no control groups', {
    remedy: 'mount them below /sys/fs/cgroup, or leave the control group out',
  });
}
