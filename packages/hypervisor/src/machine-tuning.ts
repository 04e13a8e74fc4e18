// SPDX-License-Identifier: Apache-2.0
import { checkConfigPath, invalidConfig } from './invalid-config.ts';

/** How a machine is made, where that is not to be the driver's choice. */
export interface MachineTuning {
  /** Further options of the machine type: `name` or `name=value` each, in the driver's words. */
  readonly machineOptions?: readonly string[];
  /** Features of the CPU to switch: `name=on`, `name=off` and the like, in the driver's words. */
  readonly cpuFeatures?: readonly string[];
  /** Where the guest's random numbers come from: a character device. Default `/dev/urandom`. */
  readonly entropySource?: string;
  /** An IOMMU that the guest can use, for devices that it hands on. Default false. */
  readonly iommu?: boolean;
  /** A thread of its own for disks. Default false: the hypervisor's main loop serves them. */
  readonly diskThread?: boolean;
  /** Memory from the host's reserve of huge pages, which must have room for all of it. Default false. */
  readonly hugePages?: boolean;
  /** The host gives all memory at the start, instead of when the guest first uses it. Default false. */
  readonly preallocateMemory?: boolean;
  /** Directory in which the memory is a nameless file, such as `/dev/shm`. Default: no file system. */
  readonly memoryDirectory?: string;
}

/** What a huge page of x86-64 and arm64 holds by default. */
export const hugePageMib = 2;

function checkWords(operand: string, words: readonly string[] = []): void {
  for (const word of words) {
    if (!/^[+-]?[A-Za-z0-9][A-Za-z0-9._-]*(?:=[A-Za-z0-9._:+-]*)?$/.test(word))
      throw invalidConfig(operand, `${operand} ${JSON.stringify(word)} is not one name or name=value`);
  }
}

/**
 * Checks the values.
 *
 * @throws HypervisorError `invalid_config`
 */
export function validateTuning(tuning: MachineTuning, memoryMib: number): void {
  checkWords('machineOptions', tuning.machineOptions);
  checkWords('cpuFeatures', tuning.cpuFeatures);
  checkConfigPath('entropySource', tuning.entropySource);
  checkConfigPath('memoryDirectory', tuning.memoryDirectory);
  if (tuning.hugePages !== true) return;
  if (tuning.memoryDirectory !== undefined)
    throw invalidConfig(
      'memoryDirectory',
      'memory is either in huge pages or in a directory',
      'leave one out',
    );
  if (memoryMib % hugePageMib !== 0)
    throw invalidConfig(
      'memoryMib',
      `memory of ${memoryMib} MiB is no whole number of huge pages of ${hugePageMib} MiB`,
    );
}
