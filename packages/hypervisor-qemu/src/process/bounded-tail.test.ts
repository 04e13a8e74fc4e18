// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoundedTail } from './bounded-tail.ts';

test('keeps exactly the last bytes of any sequence of chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 1, max: 50 }),
      (chunks, capacity) => {
        const tail = new BoundedTail(capacity);
        for (const chunk of chunks) tail.push(chunk);
        expect(tail.toString()).toBe(Buffer.concat(chunks).subarray(-capacity).toString('latin1'));
      },
    ),
    { interruptAfterTimeLimit: 1000 },
  );
});
