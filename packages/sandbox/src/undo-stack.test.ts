// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { UndoStack } from './undo-stack.ts';

test('steps are undone last first, past failures, and once', async () => {
  const undone: string[] = [];
  const stack = new UndoStack();
  stack.push('first', () => void undone.push('first'));
  stack.push('second', () => {
    throw new Error('stuck');
  });
  stack.push('third', async () => void undone.push('third'));

  const failures = await Promise.all([stack.unwind(), stack.unwind()]);

  expect(undone).toEqual(['third', 'first']);
  expect(failures[0]).toEqual([{ step: 'second', error: new Error('stuck') }]);
  expect(failures[1]).toBe(failures[0]);
});
