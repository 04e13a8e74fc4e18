// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { parseBitsPerSecond } from './rate.ts';

test.each([
  { text: '800', bits: 800 },
  { text: '64k', bits: 64_000 },
  { text: '1.5M', bits: 1_500_000 },
  { text: '2gbit', bits: 2_000_000_000 },
  { text: '0', bits: 0 },
])('$text is $bits bit/s', ({ text, bits }) => {
  expect(parseBitsPerSecond(text)).toBe(bits);
});

test.each(['', 'fast', '-1', '1 m', '10MB', '99999999999g'])('%j is no rate', (text) => {
  expect(() => parseBitsPerSecond(text)).toThrow(`rate ${JSON.stringify(text)} is not a number of bits`);
});
