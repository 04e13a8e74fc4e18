// SPDX-License-Identifier: Apache-2.0
import type { OciCpu, OciHugepageLimit, OciMemory, OciResources } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';

/** Limits that a guest may be unable to set without harm: it may have other CPUs and pages than the host. */
export interface LenientLimits {
  /** Such as `0-3,7`. */
  readonly cpus?: string | undefined;
  readonly mems?: string | undefined;
  readonly hugepages: readonly OciHugepageLimit[];
}

/** Resources of a request by what becomes of them. */
export interface SortedResources {
  /** For the OCI runtime, whose refusal is an error. */
  readonly strict: OciResources;
  /** For the agent, which tries. */
  readonly lenient: LenientLimits;
  /** Names of those that this version of cgroups does not have. */
  readonly dropped: readonly string[];
}

const maxSwappiness = 100;

/** The size becomes part of a file name. */
const pageSizePattern = /^[1-9]\d*(B|KB|MB|GB)$/;

/** Copies an object without the properties that are absent. */
export function present<Part extends object>(part: Part): Part {
  const copy = { ...part };
  for (const [key, value] of Object.entries(part)) if (value === undefined) Reflect.deleteProperty(copy, key);
  return copy;
}

function orNothing<Part extends object>(part: Part | undefined): Part | undefined {
  return part === undefined || Object.keys(part).length === 0 ? undefined : part;
}

/** Takes out what only version 1 has; what it had before is added to `dropped`. */
function without<Part extends object>(
  part: Part | undefined,
  names: readonly (keyof Part & string)[],
  dropped: string[],
): Part | undefined {
  if (part === undefined) return undefined;
  const kept = present(part);
  for (const name of names) {
    if (kept[name] !== undefined && kept[name] !== false) dropped.push(name);
    Reflect.deleteProperty(kept, name);
  }
  return orNothing(kept);
}

function check({ memory, hugepageLimits }: OciResources): void {
  if (memory?.swappiness !== undefined && memory.swappiness > maxSwappiness) {
    throw new AgentError('invalid_spec', `memory swappiness ${memory.swappiness} is above ${maxSwappiness}`);
  }
  for (const { pageSize } of hugepageLimits ?? []) {
    if (pageSizePattern.test(pageSize)) continue;
    throw new AgentError('invalid_spec', `size of huge pages is no size: ${JSON.stringify(pageSize)}`);
  }
}

const memoryOfV1 = [
  'kernel',
  'kernelTCP',
  'swappiness',
  'disableOOMKiller',
] as const satisfies readonly (keyof OciMemory)[];
const cpuOfV1 = ['realtimeRuntime', 'realtimePeriod'] as const satisfies readonly (keyof OciCpu)[];

/**
 * Sorts resources of a specification or of an update by who sets them. Device rules stay with the OCI runtime.
 *
 * @param version - of the cgroups of this machine
 * @throws AgentError `invalid_spec` for a swappiness above 100 and for sizes of pages that are none
 */
export function sortResources(resources: OciResources, version: 1 | 2): SortedResources {
  check(resources);
  const dropped: string[] = [];
  const { hugepageLimits, network, ...rest } = resources;
  const { cpus, mems, ...cpu } = rest.cpu ?? {};
  const [onlyMemory, onlyCpu] = version === 1 ? [[], []] : [memoryOfV1, cpuOfV1];
  if (version === 2 && orNothing(present(network ?? {})) !== undefined) dropped.push('network');
  const strict: OciResources = present({
    ...rest,
    memory: without(rest.memory, onlyMemory, dropped),
    cpu: without<OciCpu>(cpu, onlyCpu, dropped),
    blockIO: without(rest.blockIO, version === 1 ? [] : ['leafWeight'], dropped),
    network: version === 1 ? network : undefined,
  });
  return { strict, lenient: { cpus, mems, hugepages: hugepageLimits ?? [] }, dropped };
}
