// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamTable } from './stream-table.ts';

test('behaves as a map does, whatever is added and removed', () => {
  const step = fc.record({
    add: fc.boolean(),
    streamId: fc.integer({ min: 0, max: 0xffff_ffff }),
    near: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new StreamTable<string>();
      const model = new Map<number, string>();
      for (const { add, streamId, near } of steps) {
        // Ids 2048 apart share a slot.
        const id = near ? (streamId % 8) * 2048 + 1 : streamId;
        if (add && !model.has(id)) {
          table.set(id, `stream ${id}`);
          model.set(id, `stream ${id}`);
        } else if (!add) {
          expect(table.delete(id)).toBe(model.delete(id));
        }
        expect(table.get(id)).toBe(model.get(id));
        expect(table.size).toBe(model.size);
      }
      expect(table.takeAll().toSorted()).toEqual([...model.values()].toSorted());
      expect(table.size).toBe(0);
    }),
  );
});
