// SPDX-License-Identifier: Apache-2.0
import { maximumMachineVcpus, maximumMemorySlots, minimumMemoryMib } from '@hako/hypervisor';

import { resourcesOf, type ContainerLimits } from '../container/container-limits.ts';
import { SandboxError } from '../sandbox-error.ts';
import { isWholeNumber } from '../whole-number.ts';
import { bytesPerMib, memoryBlockMib, type MachineBounds } from './machine-size.ts';
import type { MemoryGrowth } from './memory-pool.ts';
import type { NumaOptions } from './numa/numa-options.ts';
import { demandOf } from './resource-demand.ts';

/** How large a sandbox's machine is and may become. */
export interface SizingOptions {
  /** Virtual CPUs of the machine, at least 1. What containers are promised comes on top. Default 1. */
  readonly vcpus?: number;
  /** Memory of the virtual machine in MiB, at least 128. What containers are promised comes on top. Default 512. */
  readonly memoryMib?: number;
  /**
   * Limits of all containers together, as far as they are known before: the machine has so much more than `vcpus` and
   * `memoryMib` from the start. Shares stand for CPUs where there is no quota, 1024 for one. Default: none.
   */
  readonly podLimits?: ContainerLimits;
  /** As many CPUs the machine may grow to, for containers with a quota of CPU time. Default: it does not grow. */
  readonly maximumVcpus?: number;
  /**
   * As much memory the machine may grow to, in MiB, for containers with a limit of memory; counted in steps of 128 MiB from
   * where it starts. Default: it does not grow.
   */
  readonly maximumMemoryMib?: number;
  /** How its memory grows. `virtio-mem` (default) shrinks again; `modules` are what older guest kernels take. */
  readonly memoryGrowth?: MemoryGrowth;
  /** Places for memory modules. Default 10. */
  readonly memorySlots?: number;
  /**
   * Whether the machine gets swap space for containers that may swap (a swappiness above 0): as much as their limits of memory
   * and swap leave beside the memory, else as much as their memory. It lies in files of the run directory. Default false.
   */
  readonly guestSwap?: boolean;
  /** NUMA nodes of the guest. A machine with several does not grow. Default: none, its memory lies anywhere. */
  readonly numa?: NumaOptions;
  /**
   * Whether each virtual CPU keeps to one CPU of the host: as long as specifications of containers that this process makes list
   * as many as there are virtual ones, or the control group of the host does; with NUMA nodes, always. Default false.
   */
  readonly pinVcpus?: boolean;
}

/** Sizes that have been checked. */
export interface CheckedSizing {
  readonly bounds: MachineBounds;
  readonly memoryGrowth: MemoryGrowth;
  readonly guestSwap: boolean;
}

const defaultVcpus = 1;
const defaultMemoryMib = 512;

/** What the largest machines of QEMU have. */
const mostMemoryMib = 16 * 1024 * 1024;

const sharesPerCpu = 1024;

/**
 * Checks the sizes of a machine and fills in the defaults. Error: `invalid_options`.
 * @param options as the caller gave them
 */
export function checkSizing(options: SizingOptions): CheckedSizing {
  const { vcpus = defaultVcpus, memoryMib = defaultMemoryMib, memorySlots } = options;
  if (!isWholeNumber(vcpus, 1, maximumMachineVcpus)) {
    throw new SandboxError('invalid_options', `${vcpus} virtual CPUs are not possible`, {
      remedy: `give a whole number from 1 to ${maximumMachineVcpus}`,
    });
  }
  if (!isWholeNumber(memoryMib, minimumMemoryMib)) {
    throw new SandboxError('invalid_options', `${memoryMib} MiB of memory are not enough to boot`, {
      remedy: `give at least ${minimumMemoryMib} MiB`,
    });
  }
  if (memorySlots !== undefined && !isWholeNumber(memorySlots, 1, maximumMemorySlots)) {
    throw new SandboxError('invalid_options', `${memorySlots} places for memory are not possible`, {
      remedy: `give a whole number from 1 to ${maximumMemorySlots}`,
    });
  }
  const base = { vcpus, memoryMib };
  const boot = withPod(base, options.podLimits);
  const {
    maximumVcpus = boot.vcpus,
    maximumMemoryMib = boot.memoryMib,
    memoryGrowth = 'virtio-mem',
  } = options;
  checkMaximum(`${maximumVcpus} virtual CPUs`, maximumVcpus, boot.vcpus, maximumMachineVcpus);
  checkMaximum(`${maximumMemoryMib} MiB`, maximumMemoryMib, boot.memoryMib, mostMemoryMib);
  const growthMib = Math.floor((maximumMemoryMib - boot.memoryMib) / memoryBlockMib) * memoryBlockMib;
  return {
    bounds: { base, boot, maximum: { vcpus: maximumVcpus, memoryMib: boot.memoryMib + growthMib } },
    memoryGrowth,
    guestSwap: options.guestSwap ?? false,
  };
}

function withPod(base: MachineBounds['base'], podLimits: ContainerLimits = {}): MachineBounds['boot'] {
  const { milliCpus, listedCpus, memoryBytes } = demandOf(resourcesOf(podLimits));
  const { cpuShares = 0 } = podLimits;
  const shared = podLimits.cpuQuotaUs === undefined ? Math.ceil(cpuShares / sharesPerCpu) : 0;
  return {
    vcpus: base.vcpus + (Math.ceil(milliCpus / 1000) || shared || listedCpus),
    memoryMib: base.memoryMib + Math.ceil(memoryBytes / bytesPerMib),
  };
}

function checkMaximum(what: string, value: number, least: number, most: number): void {
  if (isWholeNumber(value, least, most)) return;
  throw new SandboxError('invalid_options', `a machine cannot grow to ${what}`, {
    remedy: `give a whole number from ${least}, with which it starts, to ${most}`,
  });
}
