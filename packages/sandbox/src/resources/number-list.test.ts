// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { formatNumberList, parseNumberList } from './number-list.ts';

test.for<{ list: string; numbers: readonly number[] | undefined }>([
  { list: '', numbers: [] },
  { list: '3\n', numbers: [3] },
  { list: '4,0-2, 1', numbers: [0, 1, 2, 4] },
  { list: '2-1', numbers: undefined },
  { list: '0-99999', numbers: undefined },
  { list: '1,', numbers: undefined },
  { list: '-1', numbers: undefined },
  { list: 'all', numbers: undefined },
])('$list is $numbers', ({ list, numbers }) => {
  expect(parseNumberList(list)).toEqual(numbers);
});

test('what is written can be read', () => {
  expect(parseNumberList(formatNumberList([0, 2, 3]))).toEqual([0, 2, 3]);
});
