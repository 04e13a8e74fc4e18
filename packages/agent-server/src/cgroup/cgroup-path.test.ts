// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { placeCgroup } from './cgroup-path.ts';

test.each([
  { given: undefined, isInit: true, manager: 'cgroupfs', path: '/web' },
  { given: '', isInit: false, manager: 'cgroupfs', path: '/web' },
  { given: '/kubepods/pod1/web', isInit: true, manager: 'cgroupfs', path: '/kubepods/pod1/web' },
  { given: 'relative//x/', isInit: true, manager: 'cgroupfs', path: '/relative/x' },
  { given: 'a.slice:cri:web', isInit: true, manager: 'cgroupfs', path: '/a.slice/cri/web' },
  { given: 'a-b.slice:cri:web', isInit: false, manager: 'systemd', path: '/a.slice/a-b.slice/cri-web.scope' },
  { given: ':cri:web', isInit: false, manager: 'systemd', path: '/system.slice/cri-web.scope' },
])('the cgroup of $given (init: $isInit) is $path by $manager', ({ given, isInit, manager, path }) => {
  expect(placeCgroup('web', given, isInit)).toMatchObject({ manager, path });
});

test.each([
  { given: '', path: '/of/tests/web' },
  { given: '/kubepods/web', path: '/of/tests/kubepods/web' },
])('the cgroup of $given lies in a parent as $path', ({ given, path }) => {
  expect(placeCgroup('web', given, true, '/of/tests')).toEqual({
    manager: 'cgroupfs',
    path,
    cgroupsPath: path,
  });
});

test.each(['/../x', 'a/../../b', '/', '//', '/./'])('the cgroup path %s is refused', (given) => {
  expect(() => placeCgroup('web', given, true)).toThrow(expect.objectContaining({ code: 'invalid_spec' }));
});
