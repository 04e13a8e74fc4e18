// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';
import { bytesPerMib, canGrow, type MachineBounds, type MachineSize } from './machine-size.ts';
import type { ResourceDemand } from './resource-demand.ts';

const milliPerCpu = 1000;

/**
 * The size a machine needs for its containers: what they want on top of its base, rounded up once, after the sum. Without
 * any quota the lists of CPUs count. It never needs less than it boots with, and nothing else if it cannot grow.
 *
 * The base CPU is no promise to anybody: where what containers want fits by itself, the largest machine is enough.
 * Error: `invalid_options` where it does not fit.
 * @param bounds the machine's
 * @param demands of its containers
 */
export function requiredSize(bounds: MachineBounds, demands: readonly ResourceDemand[]): MachineSize {
  const { base, boot, maximum } = bounds;
  if (!canGrow(bounds)) return boot;
  const sum = (read: (demand: ResourceDemand) => number): number =>
    demands.reduce((total, demand) => total + read(demand), 0);
  const milliCpus = sum(({ milliCpus }) => milliCpus) || sum(({ listedCpus }) => listedCpus) * milliPerCpu;
  const memoryMib = base.memoryMib + Math.ceil(sum(({ memoryBytes }) => memoryBytes) / bytesPerMib);
  if (milliCpus > maximum.vcpus * milliPerCpu) {
    throw new SandboxError(
      'invalid_options',
      `the containers want ${milliCpus / milliPerCpu} CPUs and the machine cannot have more than ${maximum.vcpus}`,
      { remedy: 'give the sandbox more with --max-cpus, or its containers less' },
    );
  }
  if (memoryMib > maximum.memoryMib) {
    throw new SandboxError(
      'invalid_options',
      `the machine needs ${memoryMib} MiB for its containers and cannot have more than ${maximum.memoryMib} MiB`,
      { remedy: 'give the sandbox more with --max-memory, or its containers less' },
    );
  }
  const vcpus = Math.min(base.vcpus + Math.ceil(milliCpus / milliPerCpu), maximum.vcpus);
  return { vcpus: Math.max(vcpus, boot.vcpus), memoryMib: Math.max(memoryMib, boot.memoryMib) };
}
