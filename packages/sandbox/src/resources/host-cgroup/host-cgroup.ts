// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { resourcesOf } from '../../container/container-limits.ts';
import { describeError, SandboxError } from '../../sandbox-error.ts';
import { findHierarchies, type Hierarchies, type Hierarchy } from './cgroup-hierarchies.ts';
import { directoriesOf, makePlace, placeIn, type Place } from './cgroup-place.ts';
import { cgroupSettings, type CgroupSetting } from './cgroup-settings.ts';
import { errorCode } from '../../error-code.ts';
import type { CheckedHostCgroup } from './host-cgroup-options.ts';
import { removeCgroups } from './remove-cgroups.ts';

/** The control groups of one sandbox on the host. */
export class HostCgroup {
  /** Directories that it made, to be removed in this order. */
  readonly directories: readonly string[];
  /** What processes write themselves into: `cgroup.procs` of each hierarchy. */
  readonly entryFiles: readonly string[];
  readonly #places: readonly Place[];
  readonly #version: 1 | 2;
  readonly #name: string;
  readonly #settings: readonly CgroupSetting[];

  private constructor(
    name: string,
    version: 1 | 2,
    places: readonly Place[],
    settings: readonly CgroupSetting[],
  ) {
    this.#name = name;
    this.#version = version;
    this.#settings = settings;
    this.#places = places;
    this.directories = places.flatMap(directoriesOf);
    this.entryFiles = places.map(({ overhead }) => join(overhead, 'cgroup.procs'));
  }

  /**
   * Chooses the groups of a sandbox; makes none. Error: `tool_missing` (no control groups, or not the controller for a
   * limit).
   * @param id the sandbox's
   * @param options where and how
   * @param hierarchies the host's; default: found
   */
  static async plan(id: string, options: CheckedHostCgroup, hierarchies?: Hierarchies): Promise<HostCgroup> {
    const { version, trees } = hierarchies ?? (await findHierarchies());
    const settings = cgroupSettings(resourcesOf(options.limits), version);
    for (const { controller } of settings) {
      if (trees.some(({ controllers }) => controllers.includes(controller))) continue;
      throw new SandboxError(
        'tool_missing',
        `the control groups of this machine do not limit ${controller}`,
        {
          remedy: 'leave that limit out',
        },
      );
    }
    // A list of CPUs needs more care than the others, so it is touched only if it is asked for.
    const listsCpus = settings.some(({ controller }) => controller === 'cpuset');
    const wanted = trees.filter(({ controllers }) => controllers.join() !== 'cpuset' || listsCpus);
    const name = await freeName(wanted, options.parent, id);
    const places = wanted.map((tree) =>
      placeIn(tree, join(tree.root, options.parent, name), options.layout, version),
    );
    return new HostCgroup(`${options.parent}/${name}`, version, places, settings);
  }

  /**
   * Goes on with groups that a dead owner has made; their limits are set. Error: `tool_missing` (no control groups).
   * @param options as they were made
   * @param directories which, of all hierarchies
   * @param hierarchies the host's; default: found
   */
  static async adopt(
    { parent, layout }: CheckedHostCgroup,
    directories: readonly string[],
    hierarchies?: Hierarchies,
  ): Promise<HostCgroup> {
    const { version, trees } = hierarchies ?? (await findHierarchies());
    const places = trees.flatMap((tree) => {
      const own = directories.filter((directory) => directory.startsWith(`${tree.root}/`));
      // The one that holds the others.
      const [outermost] = own.toSorted((a, b) => a.length - b.length);
      return outermost === undefined ? [] : [placeIn(tree, outermost, layout, version)];
    });
    return new HostCgroup(parent, version, places, []);
  }

  /** Makes the groups and sets their limits. What was made before a failure is there. Error: `permission_denied`. */
  async make(): Promise<void> {
    try {
      for (const place of this.#places) await makePlace(place, this.#settings, this.#version);
    } catch (cause) {
      throw new SandboxError(
        'permission_denied',
        `control group ${this.#name} cannot be made: ${describeError(cause)}`,
        {
          cause,
          remedy: 'run as root, name another with --cgroup-parent, or leave the control group out',
        },
      );
    }
  }

  /**
   * Moves processes into the groups. One that has ended is no error.
   * @param pids the processes
   */
  async take(pids: readonly number[]): Promise<void> {
    for (const file of this.entryFiles) for (const pid of pids) await move(file, pid);
  }

  /**
   * Moves the threads that run the guest's CPUs to their group.
   * @param threadIds as the host numbers them
   */
  async takeVcpus(threadIds: readonly number[]): Promise<void> {
    const file = this.#version === 1 ? 'tasks' : 'cgroup.threads';
    for (const { overhead, vcpus } of this.#places) {
      if (vcpus === overhead) continue;
      for (const id of threadIds) await move(join(vcpus, file), id);
    }
  }

  /** Removes the groups, once what was in them has ended. Bounded. Error: `tool_failed` when something is still in them. */
  async remove(): Promise<void> {
    await removeCgroups(this.directories);
  }
}

/** Sandboxes of other run directories may have the same name. */
async function freeName(trees: readonly Hierarchy[], parent: string, id: string): Promise<string> {
  const taken = await Promise.all(
    trees.map(({ root }) =>
      readFile(join(root, parent, id, 'cgroup.procs')).then(
        () => true,
        () => false,
      ),
    ),
  );
  return taken.includes(true) ? `${id}.${randomBytes(4).toString('hex')}` : id;
}

async function move(file: string, id: number): Promise<void> {
  try {
    await writeFile(file, String(id));
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
