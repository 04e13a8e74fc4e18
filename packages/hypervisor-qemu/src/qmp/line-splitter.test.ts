// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

const bytes = (text: string) => Buffer.from(text);

describe('LineSplitter', () => {
  test.for([
    { what: 'one line in one chunk', chunks: ['{"a":1}\n'], lines: ['{"a":1}'] },
    { what: 'a line in single bytes', chunks: ['a', 'b', '\n'], lines: ['ab'] },
    { what: 'many lines in one chunk', chunks: ['a\nb\nc\n'], lines: ['a', 'b', 'c'] },
    { what: 'carriage returns as QEMU sends them', chunks: ['a\r\nb\r\n'], lines: ['a', 'b'] },
    { what: 'a carriage return and newline apart', chunks: ['a\r', '\nb\n'], lines: ['a', 'b'] },
    { what: 'empty lines', chunks: ['\n\r\na\n\n'], lines: ['a'] },
    { what: 'a line without its end', chunks: ['a\nb'], lines: ['a'] },
    {
      what: 'a character cut in two',
      chunks: [],
      raw: [bytes('é').subarray(0, 1), bytes('é\n').subarray(1)],
      lines: ['é'],
    },
  ])('$what', ({ chunks, raw, lines }) => {
    const splitter = new LineSplitter(100);
    expect((raw ?? chunks.map(bytes)).flatMap((chunk) => splitter.push(chunk))).toEqual(lines);
  });

  test('takes a line of exactly the limit and refuses one byte more', () => {
    expect(new LineSplitter(4).push(bytes('abcd\n'))).toEqual(['abcd']);
    expect(() => new LineSplitter(4).push(bytes('abcde'))).toThrow(
      expect.objectContaining({ code: 'protocol_violation' }),
    );
  });

  test('the lines do not depend on how the bytes are cut', () => {
    const line = fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const all = bytes(lines.map((text) => `${text}\n`).join(''));
        const at = cuts.map((cut) => cut % (all.length + 1)).sort((a, b) => a - b);
        const splitter = new LineSplitter(10_000);
        const got = [0, ...at].flatMap((start, index) =>
          splitter.push(all.subarray(start, at[index] ?? all.length)),
        );
        expect(got).toEqual(lines);
      }),
      { interruptAfterTimeLimit: 1000 },
    );
  });
});
