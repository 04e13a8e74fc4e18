// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { SandboxComponents } from '../sandbox-components.ts';
import type { SandboxConfig } from '../sandbox-options.ts';
import { parseNumberList } from './number-list.ts';
import type { VcpuPinning } from './vcpu-pinning.ts';

/** The machine whose CPUs are placed, and what places them. */
export interface PinningParts extends Pick<SandboxComponents, 'bindThread' | 'logger'> {
  readonly vm: VirtualMachine;
  /** Whether a former owner may have done so before. Default false. */
  readonly isAdopted?: boolean;
}

/**
 * Prepares what keeps the virtual CPUs of a sandbox on CPUs of the host, if they are to.
 * @param config the sandbox's
 * @param parts its machine
 */
export async function preparePinning(
  { hostCgroup, numa, options, sizing }: SandboxConfig,
  { bindThread, isAdopted = false, logger, vm }: PinningParts,
): Promise<VcpuPinning | undefined> {
  if (options.pinVcpus !== true) return undefined;
  const { VcpuPinning } = await import('./vcpu-pinning.ts');
  return new VcpuPinning({
    ...{ vm, numa, isAdopted, bindThread, logger },
    vcpus: sizing.bounds.boot.vcpus,
    cpus: parseNumberList(hostCgroup?.limits.cpuset ?? ''),
  });
}
