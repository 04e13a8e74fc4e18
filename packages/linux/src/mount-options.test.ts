// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseMountOptions } from './mount-options.ts';

test.each([
  { options: [], flags: [], data: '' },
  { options: ['defaults', ''], flags: [], data: '' },
  {
    options: ['noexec', 'nosuid', 'nodev', 'mode=1777', 'size=64m'],
    flags: ['noexec', 'nosuid', 'nodev'],
    data: 'mode=1777,size=64m',
  },
  { options: ['rbind', 'rprivate', 'ro'], flags: ['bind', 'rec', 'private', 'ro'], data: '' },
  { options: ['ro', 'rw'], flags: [], data: '' },
  { options: ['rw', 'ro'], flags: ['ro'], data: '' },
  { options: ['noatime', 'atime', 'relatime', 'norelatime'], flags: [], data: '' },
  {
    options: ['lowerdir=/a:/b,upperdir=/c', 'dirsync'],
    flags: ['dirsync'],
    data: 'lowerdir=/a:/b,upperdir=/c',
  },
  { options: ['rec', 'move', 'toString'], flags: [], data: 'rec,move,toString' },
])('$options become the flags $flags and the data "$data"', ({ options, flags, data }) => {
  expect(parseMountOptions(options)).toEqual({ flags, data });
});
