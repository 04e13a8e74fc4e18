// SPDX-License-Identifier: Apache-2.0
import type { ContainerLimits, HostCgroupOptions, SandboxOptions } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { parseCpuCount } from './cpu-count.ts';
import { parseContainerLimits, parseCpuTime, type LimitWords } from './limits.ts';
import { parseBytes, parseMemoryMib } from './memory-size.ts';

/** The options of `hako run` that say how large things are. */
export interface SizingWords extends LimitWords {
  readonly maxCpus?: string;
  readonly maxMemory?: string;
  readonly guestSwap?: boolean;
  readonly cgroupParent?: string;
  readonly hostCpus?: string;
  readonly hostMemory?: string;
}

/** How large a machine is and may become. */
export type RunSizing = Pick<
  SandboxOptions,
  | 'vcpus'
  | 'memoryMib'
  | 'maximumVcpus'
  | 'maximumMemoryMib'
  | 'memoryGrowth'
  | 'memorySlots'
  | 'guestSwap'
  | 'numa'
  | 'pinVcpus'
  | 'hostCgroup'
>;

/**
 * Understands how large a machine shall be. Error: {@link UsageError}.
 * @param words the options; `--cpus` and `--memory` are the machine's
 */
export function parseSizing(words: SizingWords): RunSizing {
  const { cpus, memory, maxCpus, maxMemory, guestSwap } = words;
  const hostCgroup = parseHostCgroup(words);
  return {
    ...(cpus === undefined ? {} : { vcpus: parseCpuCount(cpus) }),
    ...(memory === undefined ? {} : { memoryMib: parseMemoryMib(memory) }),
    ...(maxCpus === undefined ? {} : { maximumVcpus: parseCpuCount(maxCpus) }),
    ...(maxMemory === undefined ? {} : { maximumMemoryMib: parseMemoryMib(maxMemory) }),
    ...(guestSwap === undefined ? {} : { guestSwap }),
    ...(hostCgroup === undefined ? {} : { hostCgroup }),
  };
}

/**
 * Understands the limits of a container that gets a machine of its own: `--cpus` and `--memory` are not among them.
 * Error: {@link UsageError}.
 * @param words the options
 */
export function parseOwnLimits(words: SizingWords): ContainerLimits {
  const { cpuShares, cpusetCpus, pids, memorySwap, memorySwappiness } = words;
  if (memorySwap !== undefined)
    throw new UsageError(
      '--memory-swap needs --sandbox',
      'a workload with a machine of its own may swap as much as the machine has memory',
    );
  return parseContainerLimits({
    ...(memorySwappiness === undefined ? {} : { memorySwappiness }),
    ...(cpuShares === undefined ? {} : { cpuShares }),
    ...(cpusetCpus === undefined ? {} : { cpusetCpus }),
    ...(pids === undefined ? {} : { pids }),
  });
}

function parseHostCgroup({ cgroupParent, hostCpus, hostMemory }: SizingWords): HostCgroupOptions | undefined {
  if (cgroupParent === undefined && hostCpus === undefined && hostMemory === undefined) return undefined;
  if (cgroupParent !== undefined && !cgroupParent.startsWith('/')) {
    throw new UsageError(
      `control group ${JSON.stringify(cgroupParent)} is not absolute`,
      'begin it with a slash, which stands for the root of the control groups',
    );
  }
  return {
    ...(cgroupParent === undefined ? {} : { parent: cgroupParent }),
    limits: {
      ...(hostCpus === undefined ? {} : parseCpuTime(hostCpus)),
      ...(hostMemory === undefined ? {} : { memoryBytes: parseBytes(hostMemory) }),
    },
  };
}
