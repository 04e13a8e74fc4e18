// SPDX-License-Identifier: Apache-2.0
import type { OciMemory, OciResources } from '@hako/protocols';

import { resourcesOf, type ContainerLimits } from '../container/container-limits.ts';
import { mergeResources } from './merge-resources.ts';
import { guestMems } from './numa/guest-node.ts';
import { numberOf } from './resource-demand.ts';

/** The highest swappiness that agents take; that of Linux goes up to 200. */
const mostSwappiness = 100;

/**
 * What a container gets of the machine: the limits of its specification that mean something in a guest, with the caller's
 * over them. CPU lists, device rules, block I/O and network classes of a specification speak of the host's CPUs and
 * devices and are left out, as upstream has it, and its memory nodes are translated; a caller's speak of the guest's. Error:
 * `invalid_options`.
 * @param specified limits of the image's specification
 * @param limits the caller's
 * @param hostNodes nodes of the host behind each NUMA node of the guest
 */
export function containerResources(
  specified: OciResources | undefined,
  limits: ContainerLimits = {},
  hostNodes?: readonly (readonly number[])[],
): OciResources {
  const below = specified === undefined ? {} : guestResources(specified, limits, hostNodes);
  return mergeResources(below, resourcesOf(limits));
}

/**
 * What a container wants of the machine: as {@link containerResources}, with the host's CPU list, whose length counts.
 * @param specified limits of the image's specification
 * @param limits the caller's
 */
export function wantedResources(
  specified: OciResources | undefined,
  limits: ContainerLimits = {},
): OciResources {
  return mergeResources(specified ?? {}, resourcesOf(limits));
}

/** Limits that mean in a guest what they mean on the host. */
function guestResources(
  { memory, cpu, pids, hugepageLimits }: OciResources,
  { memoryBytes }: ContainerLimits,
  hostNodes: readonly (readonly number[])[] | undefined,
): OciResources {
  return {
    ...(memory === undefined ? {} : { memory: guestMemory(memory, memoryBytes) }),
    ...(cpu === undefined ? {} : { cpu: { ...cpu, cpus: undefined, mems: guestMems(cpu.mems, hostNodes) } }),
    ...(pids === undefined ? {} : { pids }),
    ...(hugepageLimits === undefined ? {} : { hugepageLimits }),
  };
}

/** A limit of memory and swap together says nothing in a guest without one of memory, and is refused there. */
function guestMemory({ swap, swappiness, ...memory }: OciMemory, limit = memory.limit): OciMemory {
  return {
    ...memory,
    ...(swap !== undefined && numberOf(limit) > 0 && { swap }),
    ...(swappiness !== undefined && { swappiness: Math.min(Number(swappiness), mostSwappiness) }),
  };
}
