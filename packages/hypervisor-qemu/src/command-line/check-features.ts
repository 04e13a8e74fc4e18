// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type VmConfig } from '@hako/hypervisor';
import { portCount } from './hotplug-places.ts';
import type { MachineProfile } from './machine-profile.ts';

/**
 * Refuses what a machine type cannot have.
 *
 * @throws HypervisorError `unsupported`
 */
export function checkFeatures(config: VmConfig, machine: MachineProfile): void {
  const { name, isPc, takesNuma, hotplugPlaces } = machine;
  const { numaNodes, tuning = {}, rootImage, pciePorts = {}, memoryDump } = config;
  if (tuning.iommu === true && !isPc) throw unsupported('tuning.iommu', `machine type ${name} has no iommu`);
  if (rootImage?.attachment === 'nvdimm' && !isPc)
    throw unsupported('rootImage.attachment', `machine type ${name} takes no nvdimm`);
  if (numaNodes !== undefined && !takesNuma)
    throw unsupported('numaNodes', `machine type ${name} has no numa nodes`);
  const { root = 0, switch: downstream = 0 } = pciePorts;
  if (!isPc && (root > (hotplugPlaces === 'ports' ? portCount : 0) || downstream > 0))
    throw unsupported('pciePorts', `machine type ${name} does not have so many ports`);
  if (memoryDump !== undefined && !isPc)
    throw unsupported('memoryDump', `guests of machine type ${name} cannot say that they have panicked`);
}

function unsupported(operand: string, message: string): HypervisorError {
  return new HypervisorError('unsupported', message, {
    operand,
    remedy: 'use machine type q35, or leave it out',
  });
}
