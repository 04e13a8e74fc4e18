// SPDX-License-Identifier: Apache-2.0
import type { CgroupStats } from '@hako/protocols/agent';

/** The cgroup of one container. */
export interface ContainerCgroup {
  /** Reads what the controllers count. A controller that is missing leaves its part out. */
  stats(): Promise<CgroupStats>;
  /** Sends SIGKILL to every process in it, frozen ones included, and thaws it. A group that is gone is no error. */
  killAll(): Promise<void>;
  /** Removes what the OCI runtime left of it, children first. A group that is gone is no error. */
  remove(): Promise<void>;
}

/** Finds the cgroups of containers. */
export interface Cgroups {
  /**
   * @param cgroupPath - absolute path below the cgroup mount, for example `/kubepods/pod1/web`
   */
  open(cgroupPath: string): ContainerCgroup;
}
