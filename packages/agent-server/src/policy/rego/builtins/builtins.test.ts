// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { compileRego } from '../engine.ts';
import { jsonText } from '../json.ts';

/** Values as regorus 0.14.1 gives them, the engine of Kata's agent. */
const values: readonly (readonly [expression: string, json: string])[] = [
  ['sprintf("%s", [[1,"a"]])', String.raw`"[1, \"a\"]"`],
  ['object.get({"a":1},"b","d")', '"d"'],
  ['object.get({"a":{"b":2}},["a","b"],0)', '2'],
  ['array.slice([1,2,3],1,9)', '[2,3]'],
  ['substring("abc",1,-1)', '"bc"'],
  ['substring("abc",5,1)', '""'],
  ['trim("xxaxx","x")', '"a"'],
  ['trim_left("xxax","x")', '"ax"'],
  ['indexof("abc","c")', '2'],
  ['format_int(255,16)', '"ff"'],
  ['json.marshal({"b":[1,"x"],"a":null})', String.raw`"{\"a\":null,\"b\":[1,\"x\"]}"`],
  [String.raw`json.unmarshal("{\"a\":1}")`, '{"a":1}'],
  ['base64.encode("hi")', '"aGk="'],
  ['max([1,3,2])', '3'],
  ['sum({1,2})', '3'],
  ['product([2,3])', '6'],
  ['sort({3,1})', '[1,3]'],
  ['numbers.range(1,3)', '[1,2,3]'],
  ['numbers.range(3,1)', '[3,2,1]'],
  ['type_name({1})', '"set"'],
  ['is_string(1)', 'false'],
  ['is_string("a")', 'true'],
  ['array.concat([1],[2])', '[1,2]'],
  ['object.keys({"a":1})', '["a"]'],
  ['object.remove({"a":1,"b":2},["a"])', '{"b":2}'],
  ['object.union({"a":{"x":1}},{"a":{"y":2}})', '{"a":{"x":1,"y":2}}'],
  ['object.filter({"a":1,"b":2},{"a"})', '{"a":1}'],
  ['upper("aß")', '"ASS"'],
  ['strings.any_prefix_match("abc",["x","ab"])', 'true'],
  ['strings.replace_n({"a":"b"},"aa")', '"bb"'],
  ['regex.find_n("a.", "abac", -1)', '["ab","ac"]'],
  ['regex.replace("abc","b(.)","<$1>")', '"a<c>"'],
  ['regex.split(",","a,b")', '["a","b"]'],
  ['regex.is_valid("(")', 'false'],
  ['intersection({{1,2},{2,3}})', '[2]'],
  ['union({{1},{2}})', '[1,2]'],
  ['set() == {1}-{1}', 'true'],
  ['abs(-3)', '3'],
  ['ceil(1.2)', '2'],
  ['round(2.5)', '3'],
  ['floor(-1.5)', '-2'],
  ['trim_space(" a ")', '"a"'],
  ['count({"a":1})', '1'],
  ['count("añb")', '3'],
  ['array.reverse([1,2])', '[2,1]'],
  ['strings.reverse("ab")', '"ba"'],
  ['hex.encode("a")', '"61"'],
  ['bits.and(6,3)', '2'],
  ['object.subset({"a":1,"b":2},{"a":1})', 'true'],
  ['lower("ABC")', '"abc"'],
  ['endswith("abc","c")', 'true'],
  ['contains("abc","x")', 'false'],
  ['json.patch({"a":1},[{"op":"add","path":"/b","value":2}])', '{"a":1,"b":2}'],
  ['1 in [1,2]', 'true'],
  ['"a" in {"x":"a"}', 'true'],
  ['"x" in {"x":"a"}', 'false'],
  ['{1,2} | {3}', '[1,2,3]'],
  ['{1,2} & {2}', '[2]'],
  ['[1,2] < [1,3]', 'true'],
  ['"a" < 1', 'false'],
  ['{"a"} < {"b"}', 'true'],
  ['null < false', 'true'],
  ['1 == 1.0', 'true'],
  ['-5 % 3', '-2'],
  ['"a" == `a`', 'true'],
  ['count([x | x := [1,2,3][_]; x > 1])', '2'],
  ['{x: y | y := ["a","b"][x]}', '{"0":"a","1":"b"}'],
  ['[v | some v in {"b":2,"a":1}]', '[1,2]'],
  ['regex.match("^[[:alpha:]]+$","abc")', 'true'],
  ['regex.match("(?i)ABC","abc")', 'true'],
  ['regex.match("a","xay")', 'true'],
  ['json.is_valid("1")', 'true'],
  ['trim_prefix("abc","a")', '"bc"'],
  ['trim_suffix("abc","c")', '"ab"'],
  ['indexof_n("aba","a")', '[0,2]'],
  ['is_null(null)', 'true'],
  ['1 in 5', 'false'],
  ['object.get({"a":1},[],3)', '{"a":1}'],
  ['is_number(1)', 'true'],
  ['format_int(3.7,10)', '"3"'],
  ['concat(",",{"b","a"})', '"a,b"'],
  ['strings.count("aa","a")', '2'],
  ['to_number("12")', '12'],
  ['to_number(true)', '1'],
  ['min({2,1})', '1'],
];

/** Arguments a function has no value for. */
const undefinedValues: readonly string[] = [
  'startswith(1,"a")',
  'count(1)',
  'concat(",", ["a",1])',
  'regex.match("(", "a")',
  'to_number("x")',
  'replace(1,"a","b")',
  'split("a,b",1)',
  'sprintf("%s", [])',
  'sprintf("%v %v", ["a"])',
  'sprintf("%d", [1.5])',
  'json.unmarshal("{")',
  'base64.decode("!!")',
  'max([])',
  '5 / 0',
  'input.nope == 1',
  'lower(1)',
  'abs("a")',
  'object.get(1,"a",2)',
  'array.concat(1,[2])',
  'count(null)',
  'regex.match("a", 1)',
  'concat(1,["a"])',
  'sort("a")',
  'to_number("0x1")',
];

function evaluate(expression: string): string | undefined {
  const { value } = compileRego(`package test\nvalue := ${expression}`).evaluate('value', {}, {});
  return value === undefined ? undefined : jsonText(value);
}

describe('the functions and operators', () => {
  test.each(values)('%s is %s', (expression, json) => {
    expect(evaluate(expression)).toBe(json);
  });

  test.each(undefinedValues)('%s has no value', (expression) => {
    expect(evaluate(expression)).toBeUndefined();
  });

  test.each(['"a" + 1', '"a" & {1}', '7.5 % 2', 'count()', 'count([], [])'])('%s fails', (expression) => {
    expect(() => evaluate(expression)).toThrow(expect.objectContaining({ code: 'type' }));
  });

  test.each(['time.now_ns()', 'http.send({})', 'opa.runtime()', 'nothing(1)', 'rand.intn("a", 3)'])(
    '%s is refused, since there is no such function here',
    (expression) => {
      expect(() => evaluate(expression)).toThrow(expect.objectContaining({ code: 'syntax' }));
    },
  );

  test('a pattern that would keep other engines busy for years does not', () => {
    expect(
      evaluate('regex.match(`^(a+)+$`, concat("", [x | some _ in numbers.range(1, 5000); x := "a"]))'),
    ).toBe('true');
    expect(
      evaluate('regex.match(`^(a+)+$`, concat("", ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "b"]))'),
    ).toBe('false');
  });
});
