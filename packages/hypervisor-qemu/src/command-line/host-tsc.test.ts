// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { tscKhzFromCpuInfo } from './host-tsc.ts';

test.for([
  {
    what: 'an x86 host',
    cpuInfo: 'processor\t: 0\ncpu MHz\t\t: 2445.4\nbogomips\t: 4890.81\n',
    expected: 2_445_405,
  },
  { what: 'a host that says nothing', cpuInfo: '', expected: undefined },
  { what: 'a host that says zero', cpuInfo: 'bogomips\t: 0.00\n', expected: undefined },
])('$what gives $expected', ({ cpuInfo, expected }) => {
  expect(tscKhzFromCpuInfo(cpuInfo)).toBe(expected);
});
