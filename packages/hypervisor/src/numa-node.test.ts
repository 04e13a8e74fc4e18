// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { cpuPlaces, validateNumaNodes, type NumaNode } from './numa-node.ts';
import type { VmConfig } from './vm-config.ts';

const size = { vcpus: 3, memoryMib: 512 };
const near: NumaNode = { vcpus: 2, memoryMib: 384, hostNodes: [0], distances: [10, 20] };
const far: NumaNode = { vcpus: 2, memoryMib: 128, hostNodes: [1, 2], distances: [20, 10] };

test.for([
  { vcpus: 4, nodes: 1, places: 4 },
  { vcpus: 3, nodes: 2, places: 4 },
  { vcpus: 4, nodes: 2, places: 4 },
  { vcpus: 7, nodes: 3, places: 9 },
])('$vcpus cpus in $nodes nodes take $places places', ({ vcpus, nodes, places }) => {
  expect(cpuPlaces(vcpus, nodes)).toBe(places);
});

describe('validateNumaNodes', () => {
  test.for<{ what: string; config: Parameters<typeof validateNumaNodes>[0] }>([
    { what: 'none', config: size },
    { what: 'two that fill the machine', config: { ...size, numaNodes: [near, far] } },
    {
      what: 'one of a machine that grows',
      config: {
        ...{ vcpus: 2, maximumVcpus: 4, memoryMib: 512, maximumMemoryMib: 1024 },
        numaNodes: [{ vcpus: 4, memoryMib: 512, hostNodes: [3], distances: [10] }],
      },
    },
  ])('takes $what', ({ config }) => {
    expect(() => {
      validateNumaNodes(config);
    }).not.toThrow();
  });

  test.for<{ says: string; nodes?: readonly NumaNode[]; more?: Partial<VmConfig> }>([
    { says: 'a machine of 2 numa nodes cannot grow', more: { maximumMemoryMib: 1024 } },
    {
      says: 'numa nodes come with a cpu topology of their own',
      more: { cpuTopology: { sockets: 3, cores: 1, threads: 1 } },
    },
    { says: 'numa node 1 has 0 vcpus', nodes: [near, { ...far, vcpus: 0 }] },
    { says: 'numa nodes have vcpus 3 together, not 4', nodes: [near, { ...far, vcpus: 1 }] },
    { says: 'numa nodes have memoryMib 448 together, not 512', nodes: [near, { ...far, memoryMib: 64 }] },
    {
      says: 'memory of numa node 0 is 383 MiB, no whole number of 2 MiB',
      nodes: [
        { ...near, memoryMib: 383 },
        { ...far, memoryMib: 129 },
      ],
      more: { tuning: { hugePages: true } },
    },
    { says: 'numa node 0 has no nodes of the host', nodes: [{ ...near, hostNodes: [] }, far] },
    { says: 'distances of numa node 0 are 10 10', nodes: [{ ...near, distances: [10, 10] }, far] },
    { says: 'distances of numa node 1 are 20', nodes: [near, { ...far, distances: [20] }] },
  ])('refuses: $says', ({ says, nodes = [near, far], more = {} }) => {
    expect(() => {
      validateNumaNodes({ ...size, numaNodes: nodes, ...more });
    }).toThrow(expect.objectContaining({ code: 'invalid_config', operand: 'numaNodes', message: says }));
  });
});
