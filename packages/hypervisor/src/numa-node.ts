// SPDX-License-Identifier: Apache-2.0
import { invalidConfig } from './invalid-config.ts';
import { hugePageMib } from './machine-tuning.ts';
import type { VmConfig } from './vm-config.ts';
import { isWholeNumber } from './whole-number.ts';

/** A part of a machine whose CPUs and memory are near to each other. */
export interface NumaNode {
  /** Places for CPUs, filled from the first node on; those of all nodes are {@link cpuPlaces}. */
  readonly vcpus: number;
  readonly memoryMib: number;
  /** Nodes of the host that alone give its memory. */
  readonly hostNodes: readonly number[];
  /** How far it is to each node of the machine, by index, as ACPI counts: 10 to itself, 11 to 254 to others. */
  readonly distances: readonly number[];
}

/** The distance of a node to itself (ACPI 6.5, section 5.2.17). */
export const localDistance = 10;
const longestDistance = 254;

/** As many places for CPUs a machine of several nodes has: each node is a socket, and all sockets are alike. */
export function cpuPlaces(maximumVcpus: number, nodes: number): number {
  return Math.ceil(maximumVcpus / nodes) * nodes;
}

/** What of a config has to do with its nodes. */
type NumaConfig = Pick<
  VmConfig,
  'numaNodes' | 'vcpus' | 'maximumVcpus' | 'memoryMib' | 'maximumMemoryMib' | 'cpuTopology' | 'tuning'
>;

/**
 * Checks that nodes make up their machine. One of several nodes does not grow: nobody could say in which.
 *
 * @throws HypervisorError `invalid_config`
 */
export function validateNumaNodes(config: NumaConfig): void {
  const { numaNodes: nodes, vcpus, maximumVcpus = vcpus, memoryMib, maximumMemoryMib = memoryMib } = config;
  if (nodes === undefined) return;
  const isLarger = maximumVcpus > vcpus || maximumMemoryMib > memoryMib;
  if (nodes.length > 1 && isLarger)
    throw invalid(`a machine of ${nodes.length} numa nodes cannot grow`, 'leave the maxima out');
  if (config.cpuTopology !== undefined) throw invalid('numa nodes come with a cpu topology of their own');
  const pieceMib = config.tuning?.hugePages === true ? hugePageMib : 1;
  nodes.forEach((node, index) => {
    checkNode(node, index, { count: nodes.length, pieceMib });
  });
  checkSum('vcpus', nodes, cpuPlaces(maximumVcpus, nodes.length));
  checkSum('memoryMib', nodes, memoryMib);
}

function checkNode(
  { vcpus, memoryMib, hostNodes, distances }: NumaNode,
  index: number,
  { count, pieceMib }: { readonly count: number; readonly pieceMib: number },
): void {
  if (!isWholeNumber(vcpus, 1)) throw invalid(`numa node ${index} has ${vcpus} vcpus`);
  if (!isWholeNumber(memoryMib / pieceMib, 1))
    throw invalid(`memory of numa node ${index} is ${memoryMib} MiB, no whole number of ${pieceMib} MiB`);
  if (hostNodes.length === 0 || !hostNodes.every((node) => isWholeNumber(node, 0)))
    throw invalid(`numa node ${index} has no nodes of the host`);
  const isPossible = distances.every((distance, other) =>
    other === index
      ? distance === localDistance
      : isWholeNumber(distance, localDistance + 1, longestDistance),
  );
  if (distances.length !== count || !isPossible)
    throw invalid(`distances of numa node ${index} are ${distances.join(' ')}`);
}

function checkSum(part: 'vcpus' | 'memoryMib', nodes: readonly NumaNode[], whole: number): void {
  const sum = nodes.reduce((total, node) => total + node[part], 0);
  if (sum !== whole) throw invalid(`numa nodes have ${part} ${sum} together, not ${whole}`);
}

function invalid(message: string, remedy?: string): Error {
  return invalidConfig('numaNodes', message, remedy);
}
