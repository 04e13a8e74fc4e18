// SPDX-License-Identifier: Apache-2.0
import type { CgroupStats } from '@hako/protocols/agent';
import type { LenientLimits } from './sort-resources.ts';

/** A limit that could not be set. */
export interface LimitProblem {
  /** The control file. */
  readonly file: string;
  /** Undefined when the kernel has no such file. */
  readonly error: unknown;
}

/** The cgroup of one container. */
export interface ContainerCgroup {
  /** Reads what the controllers count. A controller that is missing leaves its part out. */
  stats(): Promise<CgroupStats>;
  /** Sets what may fail; what did fail is returned. */
  limit(limits: LenientLimits): Promise<readonly LimitProblem[]>;
  /**
   * Lets the groups above it use these CPUs, after some have been plugged in. Groups that have no list of their own have
   * those of the group above them.
   *
   * @param cpus - a list such as `0-3,7`
   */
  widenParents(cpus: string): Promise<readonly LimitProblem[]>;
  /**
   * Stops every process in it until {@link ContainerCgroup.thaw}; resolves when all stand still.
   *
   * @throws AgentError `system_failed` without a freezer, or when a process does not stop in time; all go on then
   */
  freeze(): Promise<void>;
  /** Lets the processes go on. */
  thaw(): Promise<void>;
  /** How many of its processes the kernel has killed for want of memory; undefined when that is not counted. */
  oomKills(): Promise<bigint | undefined>;
  /**
   * Calls back whenever something has happened to its memory that {@link ContainerCgroup.oomKills} may show. Version 1 of
   * cgroups never calls back.
   *
   * @returns ends the watch; undefined when there is nothing to watch
   */
  onMemoryEvent(callback: () => void): Disposable | undefined;
  /** Sends SIGKILL to every process in it, frozen ones included, and thaws it. A group that is gone is no error. */
  killAll(): Promise<void>;
  /** Removes what the OCI runtime left of it, children first. A group that is gone is no error. */
  remove(): Promise<void>;
}

/** Finds the cgroups of containers. */
export interface Cgroups {
  /** Which version of cgroups the controllers are in. */
  readonly version: 1 | 2;
  /**
   * @param cgroupPath - absolute path below the cgroup mount, for example `/kubepods/pod1/web`
   */
  open(cgroupPath: string): ContainerCgroup;
}
