// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, normalize } from 'node:path';

import { resourcesOf, type ContainerLimits } from '../../container/container-limits.ts';
import { SandboxError } from '../../sandbox-error.ts';
import { bytesPerMib } from '../machine-size.ts';

/** Control groups of the host for the processes of a sandbox: hypervisor, file sharing, network. */
export interface HostCgroupOptions {
  /** Group below which the sandbox gets one of its own, as a path from the root of the control groups. Default `/hako`. */
  readonly parent?: string;
  /**
   * `together` (default): all threads in one group. `overhead`: the threads that run the guest's CPUs in a group `vcpus`, the
   * rest in a group `overhead` beside it; limits of CPU time hold for the guest's CPUs alone.
   */
  readonly layout?: 'together' | 'overhead';
  /** Limits of the group. Memory includes the hypervisor's own, some 100 MiB. Default: none, the group only counts. */
  readonly limits?: ContainerLimits;
}

/** Options that have been checked. */
export type CheckedHostCgroup = Required<HostCgroupOptions>;

/** Parent of the groups of sandboxes that name none. */
export const usualParent = '/hako';

/**
 * Checks what is said of control groups. Error: `invalid_options`, also for less memory than the machine has: the hypervisor
 * would be killed for it.
 * @param options as the caller gave them
 * @param machineMib memory the machine boots with
 */
export function checkHostCgroup(options: HostCgroupOptions, machineMib: number): CheckedHostCgroup {
  const { parent = usualParent, layout = 'together', limits = {} } = options;
  resourcesOf(limits);
  const { memoryBytes = Infinity } = limits;
  if (memoryBytes < machineMib * bytesPerMib) {
    const givenMib = Math.floor(memoryBytes / bytesPerMib);
    throw new SandboxError(
      'invalid_options',
      `${givenMib} MiB of the host are not enough for a machine of ${machineMib} MiB`,
      { remedy: 'give some 150 MiB more than the machine has: its hypervisor needs them' },
    );
  }
  if (isAbsolute(parent) && !parent.includes('\0') && normalize(parent) === parent && parent.length < 256)
    return { parent: parent === '/' ? '' : parent, layout, limits };
  throw new SandboxError('invalid_options', `control group ${JSON.stringify(parent)} is not usable`, {
    remedy: 'write a path from the root of the control groups, such as /hako',
  });
}
