// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseOciSpec, stringifyOciProcess, stringifyOciSpec } from './oci-spec-json.ts';

test('numbers beyond 2^53 keep their digits, others stay numbers', () => {
  const text =
    '{"ociVersion":"1.0.2","process":{"cwd":"/","rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":1024}]}}';
  const spec = parseOciSpec(text);
  expect(spec.process?.rlimits).toEqual([{ type: 'RLIMIT_NOFILE', hard: 2n ** 64n - 1n, soft: 1024 }]);
  expect(stringifyOciSpec(spec)).toBe(text);
});

test('null stands for absent, as Go programs write empty lists', () => {
  expect(parseOciSpec('{"ociVersion":"1","mounts":null,"process":{"cwd":"/","args":null}}')).toEqual({
    ociVersion: '1',
    process: { cwd: '/' },
  });
});

test('properties that are not known here are kept', () => {
  expect(parseOciSpec('{"ociVersion":"1","vm":{"x":[1]}}')).toEqual({ ociVersion: '1', vm: { x: [1] } });
});

test.each([
  ['not JSON', '{', ''],
  ['not an object', '[]', ''],
  ['missing its version', '{}', 'ociVersion'],
  [
    'an argument that is a number',
    '{"ociVersion":"1","process":{"cwd":"/","args":["a",1]}}',
    'process.args[1]',
  ],
  ['an argument that is null', '{"ociVersion":"1","process":{"cwd":"/","args":[null]}}', 'process.args[0]'],
  ['mounts that are an object', '{"ociVersion":"1","mounts":{}}', 'mounts'],
  [
    'a fractional limit',
    '{"ociVersion":"1","linux":{"resources":{"memory":{"limit":0.5}}}}',
    'linux.resources.memory.limit',
  ],
  ['an annotation that is no string', '{"ociVersion":"1","annotations":{"a.b":1}}', 'annotations["a.b"]'],
])('a specification that is %s is refused by name', (_what, text, field) => {
  expect(() => parseOciSpec(text)).toThrow(expect.objectContaining({ code: 'invalid_spec', field }));
});

test('a process alone keeps numbers that need 64 bits', () => {
  const text = stringifyOciProcess({
    cwd: '/',
    rlimits: [{ type: 'RLIMIT_CORE', hard: 2n ** 64n - 1n, soft: 0 }],
  });
  expect(text).toBe('{"cwd":"/","rlimits":[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":0}]}');
});
