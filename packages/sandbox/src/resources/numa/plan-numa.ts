// SPDX-License-Identifier: Apache-2.0
import { cpuPlaces, hugePageMib, localDistance } from '@hako/hypervisor';

import { canGrow, type MachineBounds } from '../machine-size.ts';
import { formatNumberList, parseNumberList } from '../number-list.ts';
import { divideMemory, divideVcpus } from './divide.ts';
import type { GuestNode } from './guest-node.ts';
import type { HostNumaNode } from './host-numa-node.ts';
import { impossible, type NumaOptions } from './numa-options.ts';

/** The machine whose nodes are planned. */
export interface NumaMachine {
  readonly bounds: MachineBounds;
  readonly hugePages: boolean;
}

/**
 * Plans the NUMA nodes of a machine. Error: `invalid_options`.
 * @param options as the caller gave them; checked
 * @param machine its size
 * @param host its nodes
 * @returns none if the machine has too few CPUs for those of the host, and nobody has mapped them
 */
export function planNuma(
  { mapping }: NumaOptions,
  { bounds, hugePages }: NumaMachine,
  host: readonly HostNumaNode[],
): readonly GuestNode[] {
  const { memoryMib } = bounds.boot;
  const { vcpus } = bounds.maximum;
  const groups = mapping?.map((nodes) => namedNodes(nodes, host)) ?? nodesFor(bounds.maximum, host);
  const { length: count } = groups;
  if (count > 1 && canGrow(bounds))
    throw impossible(
      `a machine with ${count} NUMA nodes does not grow`,
      'size it once: leave --max-cpus and --max-memory out, and set static_sandbox_resource_mgmt in a configuration',
    );
  if (count > vcpus) {
    if (mapping === undefined) return [];
    throw impossible(
      `${count} NUMA nodes need as many virtual CPUs, not ${vcpus}`,
      'give more CPUs, or map fewer nodes',
    );
  }
  const hostCpus = groups.map((nodes) => cpusOf(nodes));
  const parts = divideVcpus(
    cpuPlaces(vcpus, count),
    hostCpus.map(({ length }) => length),
  );
  const pieceMib = hugePages ? hugePageMib : 1;
  const memory = divideMemory(memoryMib, parts, pieceMib);
  if (memory === undefined) {
    throw impossible(
      `${memoryMib} MiB cannot be divided among ${count} NUMA nodes in pieces of ${pieceMib} MiB`,
      'give a multiple of that, large enough for all',
    );
  }
  return groups.map((nodes, index) => ({
    vcpus: parts[index] ?? 0,
    memoryMib: memory[index] ?? 0,
    hostNodes: nodes.map(({ id }) => id),
    hostCpus: hostCpus[index] ?? [],
    distances: groups.map((other, to) => (to === index ? localDistance : distance(nodes, other, host))),
  }));
}

function namedNodes(list: string, host: readonly HostNumaNode[]): readonly HostNumaNode[] {
  const nodes = (parseNumberList(list) ?? []).map((id) => {
    const node = host.find((each) => each.id === id);
    if (node !== undefined) return node;
    const ids = formatNumberList(host.map((each) => each.id));
    throw impossible(`the host has no NUMA node ${id}`, `name some of its nodes: ${ids}`);
  });
  if (cpusOf(nodes).length > 0) return nodes;
  throw impossible(`NUMA node ${list} of the host has no CPUs`, 'map it together with one that has some');
}

/** The first node if every one would do by itself, else all that have CPUs. */
function nodesFor(
  { vcpus, memoryMib }: MachineBounds['maximum'],
  host: readonly HostNumaNode[],
): readonly (readonly HostNumaNode[])[] {
  const nodes = host.filter(({ cpus }) => cpus.length > 0);
  const isEnough = nodes.every((node) => node.cpus.length >= vcpus && node.memoryMib >= memoryMib);
  return (isEnough ? nodes.slice(0, 1) : nodes).map((node) => [node]);
}

function cpusOf(nodes: readonly HostNumaNode[]): readonly number[] {
  return [...new Set(nodes.flatMap(({ cpus }) => cpus))].sort((one, other) => one - other);
}

/** As between the first nodes of the host. Guests take no table in which another node is as near as their own. */
function distance(
  [from]: readonly HostNumaNode[],
  [to]: readonly HostNumaNode[],
  host: readonly HostNumaNode[],
): number {
  const told = from?.distances[host.findIndex(({ id }) => id === to?.id)] ?? localDistance;
  return Math.max(localDistance + 1, told);
}
