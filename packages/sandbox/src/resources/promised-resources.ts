// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

/** What of a container's limits counts for the size of its machine; JSON data. */
export interface PromisedResources {
  readonly cpu?: { readonly quota?: number; readonly period?: number; readonly cpus?: string };
  readonly memory?: { readonly limit?: number };
  readonly hugepageLimits?: { readonly pageSize: string; readonly limit: number }[];
}

/** What a machine's owner has promised to a container, its own or that of another process. */
export interface RoomPromise {
  readonly containerId: string;
  readonly resources: PromisedResources;
}

/**
 * Picks what counts for the size of the machine.
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
    ...(memory && { memory: memory.limit === undefined ? {} : { limit: Number(memory.limit) } }),
    ...(hugepageLimits && {
      hugepageLimits: hugepageLimits.map(({ pageSize, limit }) => ({ pageSize, limit: Number(limit) })),
    }),
  };
}
