// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLz4Legacy } from './lz4-legacy.ts';

const frame = (...blocks: readonly (readonly number[])[]): Buffer => {
  const parts = [Buffer.from([0x02, 0x21, 0x4c, 0x18])];
  for (const block of blocks) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(block.length);
    parts.push(length, Buffer.from(block));
  }
  return Buffer.concat(parts);
};

const text = (value: string): number[] => [...Buffer.from(value)];

describe('decodeLz4Legacy', () => {
  test.each([
    ['literals only', frame([0x50, ...text('hello')]), 'hello'],
    ['a match', frame([0x40, ...text('abcd'), 4, 0, 0x10, ...text('!')]), 'abcdabcd!'],
    ['a match that overlaps itself', frame([0x13, ...text('a'), 1, 0, 0x10, ...text('b')]), 'aaaaaaaab'],
    [
      'a long match',
      frame([0x1f, ...text('z'), 1, 0, 255, 5, 0x10, ...text('.')]),
      `${'z'.repeat(1 + 15 + 255 + 5 + 4)}.`,
    ],
    ['long literals', frame([0xf0, 3, ...text('123456789012345678')]), '123456789012345678'],
    ['several blocks', frame([0x20, ...text('ab')], [0x20, ...text('cd')]), 'abcd'],
  ])('decodes %s', (_, packed, expected) => {
    expect(decodeLz4Legacy(packed, expected.length).toString()).toBe(expected);
  });

  test.each([
    ['another magic number', Buffer.from([1, 2, 3, 4]), 1],
    ['a block longer than the frame', frame([0x50, ...text('hello')]).subarray(0, 10), 5],
    ['literals beyond the block', frame([0x90, ...text('hello')]), 9],
    ['more than the announced length', frame([0x50, ...text('hello')]), 4],
    ['less than the announced length', frame([0x50, ...text('hello')]), 6],
    ['a match before the start', frame([0x10, ...text('a'), 9, 0, 0x10, ...text('b')]), 6],
    ['a match at no distance', frame([0x10, ...text('a'), 0, 0, 0x10, ...text('b')]), 6],
  ])('refuses %s', (_, packed, length) => {
    expect(() => decodeLz4Legacy(packed, length)).toThrow(RangeError);
  });

  test('whatever the bytes are, it decodes them or throws a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(200), (bytes, length) => {
        try {
          decodeLz4Legacy(frame([...bytes]), length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
