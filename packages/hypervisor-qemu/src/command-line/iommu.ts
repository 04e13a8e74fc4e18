// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Kernel words by which the guest uses its IOMMU for devices that it hands on, and for them alone. */
export const iommuWords = ['intel_iommu=on', 'iommu=pt'] as const;

/** Arguments of an IOMMU. It comes before the devices behind it. */
export function iommuArguments({ tuning = {} }: VmConfig): string[] {
  if (tuning.iommu !== true) return [];
  const options = { intremap: 'on', 'device-iotlb': 'on', 'caching-mode': 'on' };
  return ['-device', optionList('intel-iommu', options)];
}
