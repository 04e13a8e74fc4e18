// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type WaitOptions } from '@hako/hypervisor';
import { mebibyte, memoryBackend } from '../command-line/memory.ts';
import { objectStep } from './backend-step.ts';
import type { PlanContext } from './plug-plan.ts';
import type { PlugStep } from './plug-step.ts';

/** Memory of the host for a device, made as the machine's own. */
export function memoryBackendStep({ monitor, config }: PlanContext, id: string, sizeMib: number): PlugStep {
  return objectStep(monitor, memoryBackend(config, id, sizeMib));
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
