// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import { expect, test } from 'vitest';
import { splitDeviceNumber } from '../devices/node-device.ts';
import { rewriteDeviceNumbers } from './device-numbers.ts';

const spec: OciSpec = {
  ociVersion: '1.0.2',
  linux: {
    devices: [
      { path: '/dev/a', type: 'b', major: 8, minor: 0 },
      { path: '/dev/b', type: 'b', major: 8, minor: 16 },
      { path: '/dev/c', type: 'c', major: 8, minor: 0 },
    ],
    resources: {
      devices: [
        { allow: false, access: 'rwm' },
        { allow: true, type: 'b', major: 8, minor: 0, access: 'r' },
        { allow: true, type: 'b', major: 8, minor: 16, access: 'w' },
        { allow: true, type: 'c', major: 8, minor: 0, access: 'm' },
      ],
    },
  },
};
const guest = (containerPath: string, major: number, minor: number) => ({
  containerPath,
  type: 'b' as const,
  major,
  minor,
});

test('numbers are exchanged at once, so that two devices may swap theirs', () => {
  const { linux } = rewriteDeviceNumbers(spec, [guest('/dev/a', 8, 16), guest('/dev/b', 8, 0)]);
  expect(linux?.devices).toEqual([
    { path: '/dev/a', type: 'b', major: 8, minor: 16 },
    { path: '/dev/b', type: 'b', major: 8, minor: 0 },
    { path: '/dev/c', type: 'c', major: 8, minor: 0 },
  ]);
  expect(linux?.resources?.devices).toEqual([
    { allow: false, access: 'rwm' },
    { allow: true, type: 'b', major: 8, minor: 16, access: 'r' },
    { allow: true, type: 'b', major: 8, minor: 0, access: 'w' },
    { allow: true, type: 'c', major: 8, minor: 0, access: 'm' },
    { allow: true, type: 'b', major: 8, minor: 16, access: 'rwm' },
    { allow: true, type: 'b', major: 8, minor: 0, access: 'rwm' },
  ]);
});

test('without devices the specification stays as it is', () => {
  expect(rewriteDeviceNumbers(spec, [])).toBe(spec);
});

test.each([
  { title: 'two devices of one path', resolved: [guest('/dev/a', 1, 1), guest('/dev/a', 1, 2)] },
  { title: 'a device the specification does not have', resolved: [guest('/dev/x', 1, 1)] },
])('$title are refused', ({ resolved }) => {
  expect(() => rewriteDeviceNumbers(spec, resolved)).toThrow(
    expect.objectContaining({ code: 'device_failed' }),
  );
});

test.each([
  { rdev: 0x0801n, major: 8, minor: 1 },
  { rdev: 0x1_0003_0002n, major: 0x300, minor: 0x10_0002 },
  { rdev: 0xfe10n, major: 254, minor: 16 },
])('the device number $rdev is split as the kernel does', ({ rdev, major, minor }) => {
  expect(splitDeviceNumber(rdev)).toEqual({ major, minor });
});
