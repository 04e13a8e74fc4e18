// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from './agent-client-error.ts';

const bytesPerMib = 1024n * 1024n;

/** Memory that was plugged into the virtual machine. */
export interface PluggedMemory {
  /** First guest-physical address. */
  readonly address: bigint;
  /** Size in MiB. */
  readonly sizeMib: number;
  /** Size of the guest's memory blocks in MiB, from `getGuestDetails`. */
  readonly sectionMib: number;
}

/**
 * Gives the addresses for `memHotplugByProbe`: one per whole memory block. A rest smaller than a block is left out.
 *
 * @throws AgentClientError `invalid_request` unless the block size is above 0.
 */
export function memoryProbeAddresses({ address, sizeMib, sectionMib }: PluggedMemory): bigint[] {
  if (!(sectionMib > 0)) {
    throw new AgentClientError('invalid_request', `sectionMib must be above 0, not ${sectionMib}`);
  }
  const step = BigInt(sectionMib) * bytesPerMib;
  return Array.from(
    { length: Math.floor(sizeMib / sectionMib) },
    (_, index) => address + BigInt(index) * step,
  );
}
