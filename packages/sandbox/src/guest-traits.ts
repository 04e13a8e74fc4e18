// SPDX-License-Identifier: Apache-2.0
import { machineTraits, type MachineTraits } from './resources/machine-traits.ts';
import type { GuestRecord } from './run/sandbox-record.ts';
import type { SandboxConfig } from './sandbox-options.ts';

/**
 * The sandbox's id in the guest. No container may have it: the agent takes that one for an empty first container, as
 * Kubernetes has it, and does not watch its memory.
 * @param id the sandbox's id
 */
export function guestSandboxId(id: string): string {
  return `sandbox-${id}`;
}

/**
 * What a container has to know of the guest it is made for.
 * @param config the sandbox's
 */
export function guestTraits({
  hostname,
  dns,
  network,
  numa,
  options,
  sharing,
  shmMib,
  sizing,
}: SandboxConfig): Omit<GuestRecord, 'share'> & { readonly machine: MachineTraits } {
  return {
    hostname,
    hasResolver: dns.length > 0,
    sharesPidNamespace: options.sharePidNamespace ?? false,
    hasShm: shmMib > 0,
    ...(network.kind === 'namespace' ? { networkNamespace: network.path } : {}),
    copiesFiles: sharing.kind === 'none',
    machine: machineTraits(sizing, numa),
  };
}
