// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type VmConfig } from '@hako/hypervisor';
import type { MachineProfile } from './machine-profile.ts';

/** The part of a config that says how large a machine is and may become. */
export type VmSize = Pick<VmConfig, 'vcpus' | 'maximumVcpus' | 'memoryMib' | 'maximumMemoryMib'>;

/**
 * Refuses room for CPUs or memory in a machine that cannot take any.
 *
 * @throws HypervisorError `unsupported`
 */
export function checkGrowth(config: VmSize, { name, pluggableKinds }: MachineProfile): void {
  const { vcpus, maximumVcpus = vcpus, memoryMib, maximumMemoryMib = memoryMib } = config;
  if (maximumVcpus > vcpus && !pluggableKinds.has('vcpus')) throw cannotGrow('maximumVcpus', name);
  const takesMemory = pluggableKinds.has('memory') || pluggableKinds.has('virtio-mem');
  if (maximumMemoryMib > memoryMib && !takesMemory) throw cannotGrow('maximumMemoryMib', name);
}

function cannotGrow(operand: string, machine: string): HypervisorError {
  return new HypervisorError('unsupported', `machine type ${machine} cannot grow to ${operand}`, { operand });
}
