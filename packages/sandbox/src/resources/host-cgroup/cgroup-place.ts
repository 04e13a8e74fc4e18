// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { errorCode } from '../../error-code.ts';
import { usedControllers, type Hierarchy } from './cgroup-hierarchies.ts';
import type { CgroupSetting } from './cgroup-settings.ts';
import type { CheckedHostCgroup } from './host-cgroup-options.ts';

const overheadGroup = 'overhead';
const vcpuGroup = 'vcpus';

/** The directories of one sandbox in one hierarchy. */
export interface Place {
  readonly tree: Hierarchy;
  /** Holds everything. */
  readonly directory: string;
  /** What processes enter, and where threads of the guest's CPUs go; the same one where all are together. */
  readonly overhead: string;
  readonly vcpus: string;
}

/**
 * Chooses the directories of a sandbox in one hierarchy; makes none.
 * @param tree the hierarchy
 * @param directory what shall hold everything
 * @param layout which threads are kept apart
 * @param version of the control groups
 */
export function placeIn(
  tree: Hierarchy,
  directory: string,
  layout: CheckedHostCgroup['layout'],
  version: 1 | 2,
): Place {
  // Of version 1, only time on CPUs is counted by thread.
  const divides =
    layout === 'overhead' && (version === 2 || tree.controllers.some((name) => name.startsWith('cpu')));
  return {
    tree,
    directory,
    overhead: divides ? join(directory, overheadGroup) : directory,
    vcpus: divides ? join(directory, vcpuGroup) : directory,
  };
}

/** Directories of a place, innermost first. */
export function directoriesOf({ directory, overhead, vcpus }: Place): readonly string[] {
  return [...new Set([vcpus, overhead, directory])];
}

/**
 * Makes the directories of a place and sets the limits that its hierarchy has.
 * @param place chosen by {@link placeIn}
 * @param settings the limits
 * @param version of the control groups
 */
export async function makePlace(
  place: Place,
  settings: readonly CgroupSetting[],
  version: 1 | 2,
): Promise<void> {
  const { tree, directory, overhead, vcpus } = place;
  await mkdir(dirname(directory), { recursive: true });
  const applied = settings.filter(({ controller }) => tree.controllers.includes(controller));
  if (version === 2) await handDown(tree, dirname(directory));
  await mkdir(directory).catch(async (error: unknown) => {
    // The last sandbox in there has just taken the usual parent with it.
    if (errorCode(error) !== 'ENOENT') throw error;
    await mkdir(directory, { recursive: true });
  });
  if (version === 1) await handDownCpus(tree, directory);
  if (vcpus !== overhead) await divide(place, version);
  for (const { controller, file, value } of applied)
    await writeFile(join(controller === 'cpu' ? vcpus : directory, file), value);
}

async function divide({ tree, directory, overhead, vcpus }: Place, version: 1 | 2): Promise<void> {
  for (const part of [overhead, vcpus]) {
    await mkdir(part);
    if (version === 2) await writeFile(join(part, 'cgroup.type'), 'threaded');
    else await handDownCpus(tree, part);
  }
  if (version === 2 && tree.controllers.includes('cpu'))
    await writeFile(join(directory, 'cgroup.subtree_control'), '+cpu');
}

/** Of version 2, a controller works in a group if all those above it pass it on. One that does not show does not work. */
async function handDown({ root, controllers }: Hierarchy, parent: string): Promise<void> {
  const used = usedControllers.filter((name) => controllers.includes(name));
  for (const group of [root, ...groupsBelow(root, parent)])
    for (const name of used) await writeFile(join(group, 'cgroup.subtree_control'), `+${name}`);
}

/** Of version 1, a group takes no process before it has CPUs and memory nodes; it gets those of the group above. */
async function handDownCpus({ root, controllers }: Hierarchy, directory: string): Promise<void> {
  if (!controllers.includes('cpuset')) return;
  for (const group of groupsBelow(root, directory)) {
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = (await readFile(join(group, file), 'utf8').catch(() => '')).trim();
      if (own === '')
        await writeFile(join(group, file), await readFile(join(dirname(group), file), 'utf8')).catch(
          () => undefined,
        );
    }
  }
}

/** The groups on the way from a root, which is left out, down to a directory, outermost first. */
function groupsBelow(root: string, directory: string): readonly string[] {
  const names = directory
    .slice(root.length)
    .split('/')
    .filter((name) => name !== '');
  return names.map((_, index) => join(root, ...names.slice(0, index + 1)));
}
