// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { checkSizing, type SizingOptions } from '../sizing-options.ts';
import type { HostNumaNode } from './host-numa-node.ts';
import { checkNuma, type NumaOptions } from './numa-options.ts';
import { planNuma } from './plan-numa.ts';

/** A host with a large node, a small one, and memory without CPUs; there is no node 2. */
const host: readonly HostNumaNode[] = [
  { id: 0, cpus: [0, 1, 2, 3, 4, 5], memoryMib: 8192, distances: [10, 21, 31] },
  { id: 1, cpus: [6, 7], memoryMib: 4096, distances: [22, 10, 32] },
  { id: 3, cpus: [], memoryMib: 65_536, distances: [33, 34, 10] },
];

function plan(numa: NumaOptions, sizes: SizingOptions): ReturnType<typeof planNuma> {
  checkNuma(numa, {});
  return planNuma(numa, { bounds: checkSizing(sizes).bounds, hugePages: false }, host);
}

describe('planNuma', () => {
  test('gives each node of the guest its part of CPUs and memory, and the way to the others [proves numa topology]', () => {
    expect(plan({ mapping: ['0,3', '1'] }, { vcpus: 4, memoryMib: 1024 })).toEqual([
      { vcpus: 3, memoryMib: 768, hostNodes: [0, 3], hostCpus: [0, 1, 2, 3, 4, 5], distances: [10, 21] },
      { vcpus: 1, memoryMib: 256, hostNodes: [1], hostCpus: [6, 7], distances: [22, 10] },
    ]);
  });

  test('counts places for CPUs that make all sockets alike', () => {
    const nodes = plan({ mapping: ['1', '1'] }, { vcpus: 3, memoryMib: 512 });
    expect(nodes.map(({ vcpus, memoryMib }) => [vcpus, memoryMib])).toEqual([
      [2, 256],
      [2, 256],
    ]);
  });

  test('has a node farther away from another than from itself, although both lie on one of the host', () => {
    const nodes = plan({ mapping: ['0', '0'] }, { vcpus: 2 });
    expect(nodes.map(({ distances }) => distances)).toEqual([
      [10, 11],
      [11, 10],
    ]);
  });

  test.for<{ what: string; sizes: SizingOptions; hostNodes: number[][] }>([
    { what: 'the first node is enough', sizes: { vcpus: 2, memoryMib: 4096 }, hostNodes: [[0]] },
    { what: 'the smallest has too few CPUs', sizes: { vcpus: 3 }, hostNodes: [[0], [1]] },
    {
      what: 'the smallest has too little memory',
      sizes: { vcpus: 2, memoryMib: 4097 },
      hostNodes: [[0], [1]],
    },
    { what: 'one node holds what it grows to', sizes: { maximumVcpus: 2 }, hostNodes: [[0]] },
    { what: 'there are fewer CPUs than nodes', sizes: { vcpus: 1, memoryMib: 6000 }, hostNodes: [] },
  ])('without a mapping: $what', ({ sizes, hostNodes }) => {
    expect(plan({}, sizes).map((node) => node.hostNodes)).toEqual(hostNodes);
  });

  test('has places for all CPUs that one node may get', () => {
    expect(plan({ mapping: ['1'] }, { maximumVcpus: 4, maximumMemoryMib: 1024 })).toMatchObject([
      { vcpus: 4, memoryMib: 512 },
    ]);
  });

  test.for<{ numa: NumaOptions; sizes?: SizingOptions; says: string }>([
    {
      numa: { mapping: ['0', '1'] },
      sizes: { vcpus: 2, maximumVcpus: 4 },
      says: 'a machine with 2 NUMA nodes does not grow',
    },
    {
      numa: {},
      sizes: { vcpus: 3, maximumMemoryMib: 1024 },
      says: 'a machine with 2 NUMA nodes does not grow',
    },
    { numa: { mapping: ['0', '1'] }, says: '2 NUMA nodes need as many virtual CPUs, not 1' },
    { numa: { mapping: ['2'] }, says: 'the host has no NUMA node 2' },
    { numa: { mapping: ['3'] }, says: 'NUMA node 3 of the host has no CPUs' },
    { numa: { mapping: [] }, says: '0 NUMA nodes are not possible' },
    { numa: { mapping: ['0', ''] }, says: '"" names no nodes of the host' },
    { numa: { mapping: ['0-'] }, says: '"0-" names no nodes of the host' },
  ])('refuses $numa with $sizes: $says', ({ numa, sizes = {}, says }) => {
    expect(() => plan(numa, sizes)).toThrow(
      expect.objectContaining({ code: 'invalid_options', message: says }),
    );
  });

  test('refuses memory that huge pages do not divide', () => {
    const { bounds } = checkSizing({ vcpus: 2, memoryMib: 513 });
    expect(() => planNuma({ mapping: ['0', '1'] }, { bounds, hugePages: true }, host)).toThrow(
      expect.objectContaining({
        message: '513 MiB cannot be divided among 2 NUMA nodes in pieces of 2 MiB',
      }),
    );
  });

  test.for([
    { sandbox: { machine: 'microvm' }, says: 'a microvm has no NUMA nodes' },
    { sandbox: { template: 'always' }, says: 'a machine with NUMA nodes does not start from a template' },
  ])('does not go with $sandbox', ({ sandbox, says }) => {
    expect(() => {
      checkNuma({}, sandbox);
    }).toThrow(expect.objectContaining({ code: 'invalid_options', message: says }));
  });
});
