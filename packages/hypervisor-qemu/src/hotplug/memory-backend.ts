// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import type { PlanContext } from './plug-plan.ts';
import { objectStep } from './backend-step.ts';
import type { PlugStep } from './plug-step.ts';
import type { WaitOptions } from '@hako/hypervisor';

/** Bytes of a MiB. */
export const mebibyte = 1024 * 1024;

/** Memory of the host for a device, like the machine's own: a file that other processes may map, or not. */
export function memoryBackendStep({ monitor, config }: PlanContext, id: string, sizeMib: number): PlugStep {
  const size = sizeMib * mebibyte;
  const { hugePages = false, preallocateMemory = false, memoryDirectory } = config.tuning ?? {};
  const prealloc = preallocateMemory && { prealloc: true };
  const share = config.sharedMemory;
  if (memoryDirectory !== undefined) {
    const file = { 'qom-type': 'memory-backend-file', 'mem-path': memoryDirectory } as const;
    return objectStep(monitor, { ...file, id, size, share, ...prealloc });
  }
  if (share || hugePages) {
    const hugetlb = hugePages && { hugetlb: true };
    return objectStep(monitor, {
      'qom-type': 'memory-backend-memfd',
      id,
      size,
      share,
      ...hugetlb,
      ...prealloc,
    });
  }
  return objectStep(monitor, { 'qom-type': 'memory-backend-ram', id, size, ...prealloc });
}

/** @throws HypervisorError `no_free_slot` if the machine's memory would grow beyond its maximum */
export async function checkMemoryRoom(
  { monitor, config }: PlanContext,
  sizeMib: number,
  options: WaitOptions,
): Promise<void> {
  const devices = await monitor.execute('query-memory-devices', {}, options);
  const used = devices.reduce(
    (sum, { data }) => sum + ('max-size' in data ? data['max-size'] : data.size),
    0,
  );
  const roomMib = (config.maximumMemoryMib ?? config.memoryMib) - config.memoryMib - used / mebibyte;
  if (sizeMib <= roomMib) return;
  throw new HypervisorError(
    'no_free_slot',
    `machine has room for ${roomMib} MiB more memory, not for ${sizeMib}`,
    {
      operand: 'sizeMib',
      remedy: 'raise maximumMemoryMib',
    },
  );
}
