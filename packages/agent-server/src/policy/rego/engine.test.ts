// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { compileRego } from './engine.ts';
import { jsonText } from './json.ts';
import { parseJson } from './parse-json.ts';

const input = parseJson(
  '{"n": 3, "list": [1, 2, 3], "m": [[0, 1], [1, 0]], "s": "hello", "t": true, "f": false, "nul": null, "weird-key": {"x": 1}, "big": 18446744073709551615, "obj": {"a": 1, "b": 2}, "key": "a"}',
);
const data = { pstate: { k1: 1, k2: 2 } };

/** Policies with what regorus 0.14.1, the engine of Kata's agent, makes of rule A: its value, and what it prints. */
const policies: readonly {
  readonly policy: string;
  readonly json: string | undefined;
  readonly prints?: readonly string[];
}[] = [
  {
    policy: `A := x if { x := f(input.n) }
f(n) := "neg" if { n < 0 } else := "zero" if { n == 0 } else := "pos"`,
    json: '"pos"',
  },
  { policy: `A if { [a, [b, c]] = [1, [2, 3]]; a + b == c }`, json: 'true' },
  { policy: `A := [a,b] if { {"x": a, "y": b} = {"x": 1, "y": 2} }`, json: '[1,2]' },
  {
    policy: `A := {k: v | some k, xs in {"a":[1,2],"b":[3]}; v := sum([x | some x in xs])}`,
    json: '{"a":3,"b":3}',
  },
  { policy: `A if { not input.list[_] == 9 }`, json: 'true' },
  {
    policy: `A if { not g(9) }
g(x) if { input.list[_] == x }`,
    json: 'true',
  },
  { policy: `A := [x | x := input.list[_]]`, json: '[1,2,3]' },
  { policy: `A := [i | input.list[i] == 2]`, json: '[1]' },
  { policy: `A := [[i,j] | input.m[i][j] == 1]`, json: '[[0,1],[1,0]]' },
  {
    policy: `A := {x | s[x]; x > 1}
s := {1,2,3}`,
    json: '[2,3]',
  },
  {
    policy: `A := p if { true }
p contains x if { some x in [1,2] }
p contains 7`,
    json: '[1,2,7]',
  },
  {
    policy: `A := count(p)
p[x] { x := [1,2][_] }`,
    json: '2',
  },
  {
    policy: `A := p
p[k] := v if { some k, v in {"a":1} }
p["z"] := 9`,
    json: '{"a":1,"z":9}',
  },
  {
    policy: `A if { g with input as {"n": 5} }
g if { input.n == 5 }`,
    json: 'true',
  },
  { policy: `A if { input.n == 5 with input.n as 5 }`, json: 'true' },
  { policy: `A if { data.pstate.q == 3 with data.pstate.q as 3 }`, json: 'true' },
  { policy: `A if { every x in input.list { x > 0 } }`, json: 'true' },
  { policy: `A if { every i, x in input.list { x > i } }`, json: 'true' },
  { policy: `A if { every x in input.list { x > 1 } }`, json: undefined },
  { policy: `A if { every k, v in {"a":1} { k == "a"; v == 1 } }`, json: 'true' },
  { policy: `A if { every x in [1,2,3] { print("e", x); x < 2 } }`, json: undefined, prints: ['e 1', 'e 2'] },
  {
    policy: `A if { f(1, 2) }
f(1, x) if { x == 2 }
f(2, _) if { false }`,
    json: 'true',
  },
  {
    policy: `A := f("b")
f("a") := 1
f("b") := 2`,
    json: '2',
  },
  {
    policy: `A if { f(1) }
f(x) := false if { x == 1 }`,
    json: undefined,
  },
  {
    policy: `A := f(5)
default f(_) := 0
f(1) := 1`,
    json: '0',
  },
  {
    policy: `default A := {"allowed": false}
A := {"allowed": true} if { input.n == 100 }`,
    json: '{"allowed":false}',
  },
  {
    policy: `A if {
  x := [
    1,
    2,
  ]
  count(x) ==
    2
}`,
    json: 'true',
  },
  { policy: `A if { x := 1; y := 2; x < y }`, json: 'true' },
  {
    policy: `A := \`a\\d
\` `,
    json: String.raw`"a\\d\n"`,
  },
  {
    policy: `# c
A if { # x
 true # y
}
# end`,
    json: 'true',
  },
  { policy: `A := input["weird-key"].x`, json: '1' },
  { policy: `A := input.list[0]`, json: '1' },
  { policy: `A := input.list[-1]`, json: undefined },
  { policy: `A := input.a.b.c.d`, json: undefined },
  { policy: `A := input.big == 18446744073709551615`, json: 'true' },
  {
    policy: `A := [1 < 2, "a" < "b", [1] < [1,2], {"a"} == {"a"}, null == null]`,
    json: '[true,true,true,true,true]',
  },
  { policy: `A if { input.t }`, json: 'true' },
  { policy: `A if { input.f }`, json: undefined },
  { policy: `A if { not input.f }`, json: 'true' },
  { policy: `A if { not input.undefinedthing }`, json: 'true' },
  { policy: `A if { input.nul }`, json: 'true' },
  { policy: `A if { 0 }`, json: 'true' },
  { policy: `A if { "" }`, json: 'true' },
  { policy: `A := x if { some i; input.list[i] == 2; x := i }`, json: '1' },
  {
    policy: `A if { B }
B if { C }
C if { input.n == 3 }`,
    json: 'true',
  },
  {
    policy: `A := data.agent_policy.B
B := 4`,
    json: '4',
  },
  {
    policy: `A := data.agent_policy.f(2)
f(x) := x * 2`,
    json: '4',
  },
  {
    policy: `A := {"allowed": true, "ops": ops} if { ops := [{"op":"add","path":"/pstate/a","value":input.n}] ; not data.pstate.a }`,
    json: '{"allowed":true,"ops":[{"op":"add","path":"/pstate/a","value":3}]}',
  },
  { policy: `A := sprintf("%s-%d-%v", ["a", 3, {"x":[1]}])`, json: String.raw`"a-3-{\"x\": [1]}"` },
  { policy: `A := concat("/", ["a", input.s])`, json: '"a/hello"' },
  { policy: `A if { some p in ["x", "he"]; startswith(input.s, p) }`, json: 'true' },
  { policy: `A := regex.match(\`^h.*o$\`, input.s)`, json: 'true' },
  { policy: `A := regex.match("^sandbox-[a-z0-9]{4}$", "sandbox-ab12")`, json: 'true' },
  { policy: `A := replace("$(x)/b", "$(x)", input.s)`, json: '"hello/b"' },
  { policy: `A := split("a/b/c", "/")[2]`, json: '"c"' },
  { policy: `A := arr[count(arr) - 1] if { arr := split("a/b", "/") }`, json: '"b"' },
  { policy: `A := 1 + 2 * 3 - 4 / 2 % 3`, json: '5' },
  { policy: `A := 1 + 2 == 3`, json: 'true' },
  { policy: `A if { 1 in [1] == true }`, json: undefined },
  { policy: `A := {x | some x in input.list; x in {1,2}}`, json: '[1,2]' },
  { policy: `A if { some {"a": v} in [{"a": 1}]; v == 1 }`, json: 'true' },
  { policy: `A if { some [a, b] in [[1, 2]]; a < b }`, json: 'true' },
  {
    policy: `A := 1 if { input.n == 3 }
A := 1 if { input.n > 0 }`,
    json: '1',
  },
  {
    policy: `A if { x := input.n; print("x is", x, "y", input.zz) ; x == 4 }`,
    json: undefined,
    prints: ['x is 3 y <undefined>'],
  },
  { policy: `A { input.n == 3 }`, json: 'true' },
  { policy: `A = s { s := 3 }`, json: '3' },
  { policy: `A = 1 { input.n == 9 } else = 2 { input.n == 3 }`, json: '2' },
  { policy: `A := y if { x := {"a": {"b": 5}}; y := x.a.b }`, json: '5' },
  { policy: `A := split("a,b", ",")[1]`, json: '"b"' },
  {
    policy: `A := {"x": f(1)}
f(y) := y + 1`,
    json: '{"x":2}',
  },
  {
    policy: `A := f(g(1))
f(x) := x + 1
g(x) := x * 10`,
    json: '11',
  },
  {
    policy: `A := f(input.nope)
f(x) := 1`,
    json: undefined,
  },
  { policy: `A := {1,2,3} - {2}`, json: '[1,3]' },
  { policy: `A := count({x | some x in input.list})`, json: '3' },
  { policy: `A if { count([x | some x in input.list; x > 0]) == count(input.list) }`, json: 'true' },
  { policy: `A := [v | v := input.obj[_]]`, json: '[1,2]' },
  { policy: `A := [k | input.obj[k]]`, json: '["a","b"]' },
  { policy: `A := [x | some i; x := input.list[i]; i > 0]`, json: '[2,3]' },
  { policy: `A := input.n - 5`, json: '-2' },
  { policy: `A if { some x; true }`, json: 'true' },
  {
    policy: `B := 1
A := x if { B := 2; x := B }`,
    json: '2',
  },
  { policy: `A := [1,2,]`, json: '[1,2]' },
  { policy: `A := {"a":1,}`, json: '{"a":1}' },
  { policy: `A := max([1,2],)`, json: '2' },
  {
    policy: `A if {
  1 == 1
  input.n
  == 3
}`,
    json: 'true',
  },
  { policy: `A := {x: 1 | some x in ["a","b"]}`, json: '{"a":1,"b":1}' },
  { policy: `A if { every x in [[1,2],[3]] { every y in x { y > 0 } } }`, json: 'true' },
  { policy: `A if { z := 2; every x in [1,2] { x <= z } }`, json: 'true' },
  { policy: `A if { not count([x | some x in input.list; x > 5]) > 0 }`, json: 'true' },
  { policy: `A if { "a" in ["a"] }`, json: 'true' },
  { policy: `A if { not "z" in ["a"] }`, json: 'true' },
  { policy: `A if { contains(input.s, "ell") }`, json: 'true' },
  { policy: `A := json.unmarshal("{\\"a\\": [1, 2]}").a[1]`, json: '2' },
  { policy: `A := json.unmarshal(base64.decode("eyJhIjoxfQ=="))`, json: '{"a":1}' },
  { policy: `A := count({x | x := numbers.range(1, 1000)[_]})`, json: '1000' },
  {
    policy: `A := [count("añ"), upper("ñ"), indexof("añb","b"), substring("añb",1,1)]`,
    json: '[2,"Ñ",2,"ñ"]',
  },
  { policy: `A := [x | some x in {3,1,2}]`, json: '[1,2,3]' },
  { policy: `A := [x | some x in {"b",1,null,true,[1],{"a":1}}]`, json: '[null,true,1,"b",[1],{"a":1}]' },
  { policy: `A := [1.0, 1.5e3, 0.1 + 0.2, 1e2]`, json: '[1,1500,0.30000000000000004,100]' },
  {
    policy: `A := [18446744073709551615 - 1, 9007199254740993, -9223372036854775808]`,
    json: '[18446744073709551614,9007199254740993,-9223372036854775808]',
  },
  { policy: `A := [7/2, 6/3, 7 % 2]`, json: '[3.5,2,1]' },
  { policy: `A := true == 1`, json: 'false' },
  { policy: `A := {1,2} & {2,3} | {9}`, json: '[2,9]' },
  { policy: `A if { every k, v in {} { false } }`, json: 'true' },
  { policy: `A if { every x in "abc" { true } }`, json: undefined },
  { policy: `A if input.n == 3`, json: 'true' },
  { policy: `A := 5 if input.n == 3`, json: '5' },
  {
    policy: `A := B
B contains 1
B contains 2`,
    json: '[1,2]',
  },
  {
    policy: `A := B
B if false`,
    json: undefined,
  },
  {
    policy: `A if { not not_ok }
not_ok if { input.n == 4 }`,
    json: 'true',
  },
  { policy: `A := input.obj[input.key]`, json: '1' },
  {
    policy: `A := B[input.key]
B := {"a": 11}`,
    json: '11',
  },
  {
    policy: `A := [k | B[k] == 11]
B := {"a": 11, "b": 12}`,
    json: '["a"]',
  },
  {
    policy: `A := f({1,2})
f(s) := count(s)`,
    json: '2',
  },
  { policy: `A := object.union({"a":1},{"b":2})`, json: '{"a":1,"b":2}' },
  {
    policy: `A := [k | p[k]]
p[k] := 1 if { some k in ["x","y"] }`,
    json: '["x","y"]',
  },
  {
    policy: `A if { 7 in p }
p contains 7`,
    json: 'true',
  },
  { policy: `A := [k | data.pstate[k]]`, json: '["k1","k2"]' },
];

/** Policies that regorus refuses or fails at, with what is wrong. */
const failures: readonly { readonly policy: string; readonly code: string }[] = [
  {
    policy: `A := p
p["a"] := v if { some v in [1,2] }`,
    code: 'conflict',
  },
  {
    policy: `A if { B }
B if { A }`,
    code: 'recursion',
  },
  {
    policy: `A := 1 if { input.n == 3 }
A := 2 if { input.n > 0 }`,
    code: 'conflict',
  },
  { policy: `A if { x > 1 }`, code: 'unsafe' },
  { policy: `A := x`, code: 'unsafe' },
  { policy: `A if { not x; y := 1 }`, code: 'unsafe' },
  { policy: `A if { nofn(1) }`, code: 'syntax' },
  { policy: `A if { norule }`, code: 'unsafe' },
  { policy: `A if { x := }`, code: 'syntax' },
  { policy: `A if { x := 1`, code: 'syntax' },
  { policy: `A := "abc`, code: 'syntax' },
  { policy: `A := import`, code: 'syntax' },
  { policy: `A if { x := 1; x := 2 }`, code: 'syntax' },
  {
    policy: `A if { f(1) }
f(x) if { x := 1 }`,
    code: 'syntax',
  },
  { policy: `A if { input := 1 }`, code: 'syntax' },
  {
    policy: `A := input
.n`,
    code: 'syntax',
  },
  { policy: `A := 7.5 % 2`, code: 'type' },
  { policy: `A := "a" + 1`, code: 'type' },
];

const heading = 'package agent_policy\nimport future.keywords.in\nimport rego.v1\n';

describe('a policy', () => {
  test.each(policies)('$policy', ({ policy, json, prints = [] }) => {
    const result = compileRego(heading + policy).evaluate('A', input, data);
    expect(result.value === undefined ? undefined : jsonText(result.value)).toBe(json);
    expect(result.prints.map((line) => line.replace(/^agent_policy:\d+: /, ''))).toEqual(prints);
  });

  test.each(failures)('$policy is refused or fails: $code', ({ policy, code }) => {
    expect(() => compileRego(heading + policy).evaluate('A', input, data)).toThrow(
      expect.objectContaining({ name: 'RegoError', code }),
    );
  });

  test.each([
    ['', 'syntax'],
    ['package', 'syntax'],
    ['package p\nimport other.thing', 'syntax'],
    ['package p\na.b := 1', 'syntax'],
    [`package p\nA := ${'['.repeat(1000)}${']'.repeat(1000)}`, 'syntax'],
    ['package p\nA := "\\q"', 'syntax'],
    ['package p\nA := #', 'syntax'],
    ['package p\nA := \u0000', 'syntax'],
    ['package p\nf(x) := 1\nf := 2', 'syntax'],
    ['package p\nA if { f(1) with data.p.f as 2 }\nf(_) := 1', undefined],
    ['package p\nA := x if { y := input.a with A as 1; x := y }', 'syntax'],
  ])('%j gives the error %s', (source, code) => {
    const run = () => compileRego(source).evaluate('A', {}, {});
    if (code === undefined) expect(run).not.toThrow();
    else expect(run).toThrow(expect.objectContaining({ code }));
  });

  test('what never ends is given up', () => {
    const endless = 'package p\nf(x) := f(x + 1)\nA := f(1)';
    expect(() => compileRego(endless).evaluate('A', {}, {})).toThrow(
      expect.objectContaining({ code: 'recursion' }),
    );
    const long = 'package p\nA := count([1 | r := numbers.range(1, 9000); r[_] > 0; r[_] > 0])';
    expect(() => compileRego(long).evaluate('A', {}, {})).toThrow(
      expect.objectContaining({ code: 'too_long' }),
    );
  });

  test('an evaluation leaves nothing behind for the next one', () => {
    const policy = compileRego('package p\nA := input.n');
    expect([1, 2].map((n) => policy.evaluate('A', { n }, {}).value)).toEqual([1, 2]);
  });
});
