// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromJson, type Json, jsonText, toJson } from './json.ts';
import { parseJson } from './parse-json.ts';
import { compareValues, equalValues, keyOf, RegoSet, type RegoValue } from './value.ts';

/** Any character but half a surrogate pair. (To make fast-check's own unit `binary` takes ten seconds.) */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10_f7_ff })
  .map((number) => String.fromCodePoint(number < 0xd8_00 ? number : number + 0x8_00));
const character = fc.oneof(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }), anyCharacter);

const values = fc.jsonValue().map((json): RegoValue => fromJson(json as Json));

test('two values have the same key exactly if they are neither less nor greater', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(compareValues(one, other) === 0);
      expect(equalValues(one, other)).toBe(equalValues(other, one));
      expect(Math.sign(compareValues(one, other))).toBe(-Math.sign(compareValues(other, one)) + 0);
    }),
  );
});

test('JSON comes back as it was, large numbers included', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: character }), (json) => {
      const text = jsonText(toJson(fromJson(json)));
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(json)));
    }),
  );
  const large = '{"a":[18446744073709551615,-9223372036854775808,9007199254740992]}';
  expect(jsonText(toJson(fromJson(parseJson(large))))).toBe(large);
});

test('a set has each member once, in order', () => {
  const set = new RegoSet([2, 'a', 1, 2, 2n ** 64n, null, new RegoSet([1]), true, new RegoSet([1])]);
  expect(toJson(set)).toEqual([null, true, 1, 2, 2n ** 64n, 'a', [1]]);
});
