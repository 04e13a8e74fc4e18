// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

import type { MemoryVolume } from './memory-volumes.ts';

/** What of a container's limits counts for the size of its machine and its swap space; JSON data. */
export interface PromisedResources {
  readonly cpu?: { readonly quota?: number; readonly period?: number; readonly cpus?: string };
  readonly memory?: { readonly limit?: number; readonly swap?: number; readonly swappiness?: number };
  readonly hugepageLimits?: { readonly pageSize: string; readonly limit: number }[];
}

/** What a machine's owner has promised to a container, its own or that of another process. */
export interface RoomPromise {
  readonly containerId: string;
  readonly resources: PromisedResources;
  /** Volumes that grow with the machine; those of the container since it was made. */
  readonly volumes?: readonly MemoryVolume[];
}

/**
 * Picks what counts for the machine.
 * @param resources limits of a container
 */
export function promisedResources({ cpu, memory, hugepageLimits }: OciResources): PromisedResources {
  return {
    ...(cpu && {
      cpu: {
        ...(cpu.quota !== undefined && { quota: Number(cpu.quota) }),
        ...(cpu.period !== undefined && { period: Number(cpu.period) }),
        ...(cpu.cpus !== undefined && { cpus: cpu.cpus }),
      },
    }),
    ...(memory && {
      memory: {
        ...(memory.limit !== undefined && { limit: Number(memory.limit) }),
        ...(memory.swap !== undefined && { swap: Number(memory.swap) }),
        ...(memory.swappiness !== undefined && { swappiness: Number(memory.swappiness) }),
      },
    }),
    ...(hugepageLimits && {
      hugepageLimits: hugepageLimits.map(({ pageSize, limit }) => ({ pageSize, limit: Number(limit) })),
    }),
  };
}
