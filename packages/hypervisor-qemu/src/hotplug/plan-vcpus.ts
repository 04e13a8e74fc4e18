// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import type { QmpCommands } from '../qmp/generated/qmp-types.ts';
import type { PlanContext, Planner } from './plug-plan.ts';
import { plugStep, type PlugStep } from './plug-step.ts';

type CpuPlace = QmpCommands['query-hotpluggable-cpus']['returns'][number];

/** CPUs in the lowest free places of the machine's topology. Emulated ones stay for good. */
export const planVcpus: Planner<'vcpus'> = async ({ id, count }, context, options) => {
  // QEMU lists the highest place first.
  const places = (await context.monitor.execute('query-hotpluggable-cpus', {}, options)).toReversed();
  const free = places.filter((place) => place['qom-path'] === undefined);
  if (free.length < count) {
    throw new HypervisorError(
      'no_free_slot',
      `machine has room for ${free.length} more cpus, not for ${count}`,
      {
        operand: 'count',
        remedy: 'raise maximumVcpus',
      },
    );
  }
  const totalVcpus = places.length - free.length + count;
  return {
    steps: free.slice(0, count).map((place, index) => cpuStep(context, `cpu-${id}-${index}`, place)),
    address: () => ({ totalVcpus }),
    release: () => undefined,
  };
};

function cpuStep({ monitor, accelerator }: PlanContext, id: string, { type, props }: CpuPlace): PlugStep {
  // QEMU 7.2 ends with a segmentation fault at the next change of the machine's memory map.
  const kind = accelerator === 'tcg' ? 'stays' : 'device';
  return plugStep(monitor, { kind, id }, (options) =>
    monitor.execute('device_add', { driver: type, id, ...props }, options),
  );
}
