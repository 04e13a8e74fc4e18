// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { SandboxOptions } from '@hako/sandbox';

const qemu = 'hypervisor.qemu';
const millisecondsPerSecond = 1000;

/** How a machine is made, beside its size. */
export type MachineSettings = Pick<
  SandboxOptions,
  'tuning' | 'balloon' | 'bootTimeoutMs' | 'pciePorts' | 'memoryDump'
>;

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
  const pciePorts = portsOf(configuration);
  const directory = configuration.text(qemu, 'guest_memory_dump_path');
  const paging = on('guest_memory_dump_paging');
  return {
    ...(Object.keys(tuning).length > 0 && { tuning }),
    ...(on('reclaim_guest_freed_memory') && { balloon: true }),
    ...(dialSeconds > 0 && { bootTimeoutMs: dialSeconds * millisecondsPerSecond }),
    ...(pciePorts !== undefined && { pciePorts }),
    ...(directory !== '' && { memoryDump: { directory, paging } }),
  };
}

/** As with Kata's runtime a machine has ports of the kind that devices are plugged into, and no others. */
function portsOf(configuration: Configuration): SandboxOptions['pciePorts'] {
  const root = configuration.number(qemu, 'pcie_root_port');
  const downstream = configuration.number(qemu, 'pcie_switch_port');
  switch (configuration.text(qemu, 'hot_plug_vfio')) {
    case 'root-port':
      return { root };
    case 'switch-port':
      return { switch: downstream };
    default:
      return undefined;
  }
}
