// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import type { GuestNode } from './guest-node.ts';
import { nodePlaces } from './node-places.ts';

const node = (hostCpus: readonly number[], vcpus: number): GuestNode => ({
  ...{ hostCpus, vcpus, memoryMib: 256, hostNodes: [0], distances: [10, 20] },
});

test.for([
  {
    what: 'round its own',
    nodes: [node([0, 1], 3), node([2, 3], 2)],
    cpus: [0, 1, 2, 3],
    places: [0, 1, 0, 2, 3],
  },
  {
    what: 'round those that the sandbox has',
    nodes: [node([0, 1], 2), node([2, 3], 2)],
    cpus: [1, 2, 3],
    places: [1, 1, 2, 3],
  },
  {
    what: 'to other nodes if it must',
    nodes: [node([0, 1], 2), node([2, 3], 2)],
    cpus: [0, 1],
    places: [0, 1, 0, 1],
  },
  {
    what: 'round those that it shares',
    nodes: [node([0, 1], 1), node([0, 1], 1)],
    cpus: [0, 1],
    places: [0, 1],
  },
])('a node goes $what', ({ nodes, cpus, places }) => {
  expect(nodePlaces(nodes, cpus)).toEqual(places);
});
