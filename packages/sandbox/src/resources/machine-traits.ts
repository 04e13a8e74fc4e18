// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

import { isListOf, isWhole } from '../run/value-shape.ts';
import { SandboxError } from '../sandbox-error.ts';
import { bytesPerMib, canGrow, type MachineSize } from './machine-size.ts';
import type { GuestNode } from './numa/guest-node.ts';
import { demandOf } from './resource-demand.ts';
import type { CheckedSizing } from './sizing-options.ts';

/** What a container has to know of the machine it is made for. */
export interface MachineTraits {
  /** What the machine can have at most. */
  readonly largest: MachineSize;
  /** Whether it gets more for its containers: CPUs, memory, swap space. */
  readonly grows: boolean;
  /** Nodes of the host behind each NUMA node of the guest; absent: it has none. */
  readonly hostNodes?: readonly (readonly number[])[];
}

/**
 * Reads off the sizes of a machine what its containers have to know.
 * @param sizing the machine's
 * @param numa its NUMA nodes
 */
export function machineTraits(
  { bounds, guestSwap }: CheckedSizing,
  numa?: readonly GuestNode[],
): MachineTraits {
  return {
    largest: bounds.maximum,
    grows: canGrow(bounds) || guestSwap,
    ...(numa && { hostNodes: numa.map(({ hostNodes }) => hostNodes) }),
  };
}

/**
 * Refuses limits that are more than the machine can ever have: nobody who asks for them gets them. Error: `invalid_options`.
 * @param resources what a caller asks for; the limits of an image are not asked for by anybody here
 * @param machine the machine; absent: it is not known
 */
export function checkAgainstMachine(resources: OciResources, machine: MachineTraits | undefined): void {
  if (machine === undefined) return;
  const { milliCpus, memoryBytes } = demandOf(resources);
  const { vcpus, memoryMib } = machine.largest;
  const can = machine.grows ? 'cannot have more than' : 'has';
  if (milliCpus > vcpus * 1000) {
    throw new SandboxError(
      'invalid_options',
      `${milliCpus / 1000} CPUs are asked for, the machine ${can} ${vcpus}`,
      {
        remedy: 'ask for less, or make the sandbox with more: --cpus, or --max-cpus to let it grow',
      },
    );
  }
  if (memoryBytes > memoryMib * bytesPerMib) {
    const askedMib = Math.ceil(memoryBytes / bytesPerMib);
    throw new SandboxError(
      'invalid_options',
      `${askedMib} MiB are asked for, the machine ${can} ${memoryMib} MiB`,
      {
        remedy: 'ask for less, or make the sandbox with more: --memory, or --max-memory to let it grow',
      },
    );
  }
}

/**
 * Tells whether a value of a record is what {@link machineTraits} made.
 * @param value of any shape
 */
export function isMachineTraits(value: unknown): value is MachineTraits {
  if (typeof value !== 'object' || value === null || !('largest' in value) || !('grows' in value))
    return false;
  const { largest, grows } = value;
  if ('hostNodes' in value && !isListOf(value.hostNodes, isListOfWholes)) return false;
  if (typeof largest !== 'object' || largest === null || typeof grows !== 'boolean') return false;
  return (
    'vcpus' in largest &&
    Number.isSafeInteger(largest.vcpus) &&
    'memoryMib' in largest &&
    Number.isSafeInteger(largest.memoryMib)
  );
}

function isListOfWholes(value: unknown): value is readonly number[] {
  return isListOf(value, isWhole);
}
