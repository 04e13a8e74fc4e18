// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { SandboxOptions } from '@hako/sandbox';

const qemu = 'hypervisor.qemu';
const millisecondsPerSecond = 1000;

/** How a machine is made, beside its size. */
export type MachineSettings = Pick<SandboxOptions, 'tuning' | 'balloon' | 'bootTimeoutMs'>;

/** Reads off a configuration how a machine is made. What it leaves open stays the driver's choice. */
export function machineSettings(configuration: Configuration): MachineSettings {
  const on = (key: string): boolean => configuration.switch(qemu, key);
  const words = (key: string): readonly string[] =>
    configuration
      .text(qemu, key)
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
  const machineOptions = words('machine_accelerators');
  const cpuFeatures = words('cpu_features');
  const entropySource = configuration.text(qemu, 'entropy_source');
  const dialSeconds = configuration.number('agent.kata', 'dial_timeout');
  const tuning = {
    ...(machineOptions.length > 0 && { machineOptions }),
    ...(cpuFeatures.length > 0 && { cpuFeatures }),
    ...(entropySource !== '' && entropySource !== '/dev/urandom' && { entropySource }),
    ...(on('enable_iommu') && { iommu: true }),
    ...(on('enable_iothreads') && { diskThread: true }),
    ...(on('enable_hugepages') && { hugePages: true }),
    ...(on('enable_mem_prealloc') && { preallocateMemory: true }),
  };
  return {
    ...(Object.keys(tuning).length > 0 && { tuning }),
    ...(on('reclaim_guest_freed_memory') && { balloon: true }),
    ...(dialSeconds > 0 && { bootTimeoutMs: dialSeconds * millisecondsPerSecond }),
  };
}
