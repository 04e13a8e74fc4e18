// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import { deviceStep } from './device-step.ts';
import { checkMemoryRoom, memoryBackendStep } from './memory-backend.ts';
import type { Planner } from './plug-plan.ts';

/** A memory module. */
export const planMemory: Planner<'memory'> = async ({ id, sizeMib }, context, limits) => {
  await checkMemoryRoom(context, sizeMib, limits);
  const { monitor } = context;
  const memdev = `mem-${id}`;
  const deviceId = `dimm-${id}`;
  return {
    steps: [
      memoryBackendStep(context, memdev, sizeMib),
      deviceStep(monitor, { driver: 'pc-dimm', id: deviceId, memdev }),
    ],
    async address(options) {
      const devices = await monitor.execute('query-memory-devices', {}, options);
      const module = devices.find(({ data }) => data.id === deviceId);
      if (module?.type === 'dimm') return { physicalAddress: BigInt(module.data.addr) };
      throw new HypervisorError('monitor_failed', `memory module ${id} is not listed`, { operand: id });
    },
    release: () => undefined,
  };
};
