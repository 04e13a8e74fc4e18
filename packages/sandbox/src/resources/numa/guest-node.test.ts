// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { guestMems } from './guest-node.ts';

test.for<{ mems: string | undefined; nodes?: number[][]; guest: string | undefined }>([
  { mems: '0', nodes: [[0], [1]], guest: '0' },
  { mems: '1,3', nodes: [[0], [1], [2, 3]], guest: '1,2' },
  { mems: '0-1', nodes: [[1], [0]], guest: '0,1' },
  { mems: '0', nodes: [[0], [0]], guest: '0,1' },
  { mems: '7', nodes: [[0], [1]], guest: undefined },
  { mems: '', nodes: [[0], [1]], guest: undefined },
  { mems: 'x', nodes: [[0], [1]], guest: undefined },
  { mems: undefined, nodes: [[0], [1]], guest: undefined },
  { mems: '0', nodes: [[0]], guest: undefined },
  { mems: '0', guest: undefined },
])('memory nodes $mems of the host are $guest of a guest with $nodes', ({ mems, nodes, guest }) => {
  expect(guestMems(mems, nodes)).toBe(guest);
});
