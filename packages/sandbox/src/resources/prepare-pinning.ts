// SPDX-License-Identifier: Apache-2.0
import type { SandboxConfig } from '../sandbox-options.ts';
import { parseNumberList } from './number-list.ts';
import type { VcpuPinning, VcpuPinningParts } from './vcpu-pinning.ts';

/** The machine whose CPUs are placed, and what places them. */
export type PinningParts = Pick<VcpuPinningParts, 'bindThread' | 'isAdopted' | 'logger' | 'vm'>;

/**
 * Prepares what keeps the virtual CPUs of a sandbox on CPUs of the host, if they are to.
 * @param config the sandbox's
 * @param parts its machine
 */
export async function preparePinning(
  { hostCgroup, numa, options, sizing }: SandboxConfig,
  parts: PinningParts,
): Promise<VcpuPinning | undefined> {
  if (options.pinVcpus !== true) return undefined;
  const { VcpuPinning } = await import('./vcpu-pinning.ts');
  return new VcpuPinning({
    ...parts,
    numa,
    vcpus: sizing.bounds.boot.vcpus,
    cpus: parseNumberList(hostCgroup?.limits.cpuset ?? ''),
  });
}
