// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { requestedCdiDevices } from './requested-devices.ts';

function requested(annotations: Record<string, string>, env: readonly string[] = [], visible = true) {
  return requestedCdiDevices(
    { ociVersion: '1.0.2', annotations, process: { cwd: '/', env: [...env] } },
    visible,
  );
}

test.each([
  { annotations: {}, env: [], names: [] },
  { annotations: { 'cdi.k8s.io/a': 'v.com/c=1' }, env: [], names: ['v.com/c=1'] },
  { annotations: { 'cdi.k8s.io/a': 'v.com/c=1, v.com/c=all' }, env: [], names: ['v.com/c=1', 'v.com/c=all'] },
  {
    annotations: { 'cdi.k8s.io/a': 'v.com/c=1', 'cdi.k8s.io/b': 'v.com/c=1' },
    env: [],
    names: ['v.com/c=1'],
  },
  { annotations: { 'other/a': 'v.com/c=1' }, env: [], names: [] },
  {
    annotations: { 'cdi.k8s.io/a': 'v.com/c=1', 'io.katacontainers.pkg.oci.container_type': 'pod_container' },
    env: ['VISIBLE_CDI_DEVICES=v.com/c=1:w.com/d=0,03 : x.com/e=all'],
    names: ['v.com/c=1', 'w.com/d=0', 'w.com/d=3', 'x.com/e=all'],
  },
  { annotations: {}, env: ['VISIBLE_CDI_DEVICES='], names: [] },
  { annotations: {}, env: ['VISIBLE_CDI_DEVICES= none '], names: [] },
  { annotations: {}, env: ['VISIBLE_CDI_DEVICES=void', 'VISIBLE_CDI_DEVICES=v.com/c=1'], names: [] },
  {
    annotations: { 'cdi.k8s.io/a': 'nonsense', 'io.katacontainers.pkg.oci.container_type': 'pod_sandbox' },
    env: ['VISIBLE_CDI_DEVICES=nonsense'],
    names: [],
  },
])('$annotations and $env ask for $names', ({ annotations, env, names }) => {
  expect(requested(annotations, env)).toEqual(names);
});

test('the variable says nothing unless it is listened to', () => {
  expect(requested({}, ['VISIBLE_CDI_DEVICES=nonsense'], false)).toEqual([]);
});

test.each(['', 'v.com/c', 'c=1', 'v.com/c=', 'v.com/../c=1', 'v.com/c=1,'])(
  'the annotation %j is refused',
  (value) => {
    expect(() => requested({ 'cdi.k8s.io/a': value })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  },
);

test.each([
  { value: 'v.com/c', problem: 'has no kind' },
  { value: '=1', problem: 'has no kind' },
  { value: 'v.com/c=', problem: 'has "", which is neither' },
  { value: 'v.com/c=1,all', problem: 'mixes "all" with indices' },
  { value: 'v.com/c=-1', problem: 'has "-1", which is neither' },
  { value: 'v.com/c=x', problem: 'has "x", which is neither' },
  { value: 'v.com/c=4294967296', problem: 'neither' },
  { value: 'c=1', problem: 'names no CDI device' },
  { value: 'v.com/c=1:', problem: 'has no kind' },
])('the variable $value is refused: it $problem', ({ value, problem }) => {
  expect(() => requested({}, [`VISIBLE_CDI_DEVICES=${value}`])).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      message: expect.stringContaining(problem) as unknown,
    }),
  );
});
