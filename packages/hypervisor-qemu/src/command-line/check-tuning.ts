// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type VmConfig } from '@hako/hypervisor';
import type { MachineProfile } from './machine-profile.ts';

/**
 * Refuses what a machine type cannot have.
 *
 * @throws HypervisorError `unsupported`
 */
export function checkTuning({ tuning = {}, rootImage }: VmConfig, { name, isPc }: MachineProfile): void {
  if (tuning.iommu === true && !isPc) throw unsupported('tuning.iommu', `machine type ${name} has no iommu`);
  if (rootImage?.attachment === 'nvdimm' && !isPc)
    throw unsupported('rootImage.attachment', `machine type ${name} takes no nvdimm`);
}

function unsupported(operand: string, message: string): HypervisorError {
  return new HypervisorError('unsupported', message, {
    operand,
    remedy: 'use machine type q35, or leave it out',
  });
}
