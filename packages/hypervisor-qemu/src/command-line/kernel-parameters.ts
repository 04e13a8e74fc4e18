// SPDX-License-Identifier: Apache-2.0
import { iommuWords } from './iommu.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { machineProfile } from './machine-profile.ts';
import { pciePortWords } from './pcie-ports.ts';

function rootWords({ config: { rootImage }, rootMemory }: LaunchPlan): readonly string[] {
  if (rootImage === undefined) return [];
  const device = rootMemory === undefined ? '/dev/vda' : '/dev/pmem0';
  const flags = rootMemory?.isMappable === true ? ['rootflags=dax'] : [];
  return [`root=${device}`, ...flags, `rootfstype=${rootImage.fstype}`, 'ro'];
}

/**
 * The kernel command line: the machine's words, console, root, then the caller's words, which win because the kernel
 * takes the last of two. A panic restarts at once (`panic=-1`), which ends QEMU: no waiting for a dead kernel. Its text
 * reaches the console although boot messages are off, for a panic lifts the log level first.
 */
export function kernelParameters(plan: LaunchPlan): string {
  const { config, accelerator, tscKhz } = plan;
  const machine = machineProfile(plan.machine);
  return [
    ...machine.kernelWords,
    'random.trust_cpu=on',
    // An emulated CPU does not speculate, so there is nothing to guard against, only code to patch.
    ...(accelerator === 'tcg' ? ['mitigations=off'] : []),
    // On a busy host an emulated guest measures a wrong frequency or, without an HPET, none, and then hangs.
    ...(tscKhz === undefined ? [] : [`tsc_early_khz=${tscKhz}`]),
    `console=${machine.console}`,
    ...(config.debug === true ? ['debug', 'ignore_loglevel'] : ['quiet']),
    'panic=-1',
    ...(config.tuning?.iommu === true ? iommuWords : []),
    ...(machine.isPc ? pciePortWords(config.pciePorts) : []),
    ...rootWords(plan),
    ...config.kernelParameters,
  ].join(' ');
}
