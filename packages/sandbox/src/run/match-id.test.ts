// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { matchId } from './match-id.ts';

const all = ['web', 'web-2', 'cache'].map((id) => ({ id }));

test.for([
  { id: 'web', means: ['web'] },
  { id: 'we', means: ['web', 'web-2'] },
  { id: 'c', means: ['cache'] },
  { id: 'x', means: [] },
  { id: '', means: [] },
])('the id or beginning "$id" means $means', ({ id, means }) => {
  expect(matchId(all, id).map((one) => one.id)).toEqual(means);
});

test('an empty text does not mean the only one there is', () => {
  expect(matchId([{ id: 'web' }], '')).toEqual([]);
});
