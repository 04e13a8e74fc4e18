// SPDX-License-Identifier: Apache-2.0
import type { OciDevice, OciDeviceRule, OciSpec } from '@hako/protocols';
import { expect, test } from 'vitest';
import type { ResolvedDevice } from '../devices/device-driver.ts';
import { splitDeviceNumber } from '../devices/device-number.ts';
import { addNodes, rewriteDeviceNumbers } from './device-numbers.ts';

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

function specOf(devices: readonly OciDevice[], rules: readonly OciDeviceRule[]): OciSpec {
  return { ociVersion: '1.0.2', linux: { devices: [...devices], resources: { devices: [...rules] } } };
}

function guest(containerPath: string, type: 'b' | 'c', major: number, minor: number, path?: string) {
  const node = path === undefined ? { type, major, minor } : { type, major, minor, path };
  return { containerPath, node } satisfies ResolvedDevice;
}

test('numbers are exchanged at once, so that two devices may swap theirs', () => {
  const { linux } = rewriteDeviceNumbers(spec, [guest('/dev/a', 'b', 8, 16), guest('/dev/b', 'b', 8, 0)]);
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

test('a device of characters and one of blocks with the same numbers are two', () => {
  const both = specOf(
    [
      { path: '/dev/block', type: 'b', major: 99, minor: 99 },
      { path: '/dev/char', type: 'u', major: 99, minor: 99 },
    ],
    [
      { allow: true, type: 'c', major: 99, minor: 99, access: 'rw' },
      { allow: true, type: 'b', major: 99, minor: 99, access: 'r' },
      { allow: true, type: 'a', major: 99, minor: 99, access: 'm' },
    ],
  );
  const rules = (resolved: readonly ResolvedDevice[]) =>
    rewriteDeviceNumbers(both, resolved).linux?.resources?.devices?.map(
      ({ type, major, minor, access }) => `${type ?? ''} ${String(major)}:${String(minor)} ${access ?? ''}`,
    );
  expect(rules([guest('/dev/block', 'b', 254, 0)])).toEqual([
    'c 99:99 rw',
    'b 254:0 r',
    'a 99:99 m',
    'b 254:0 rwm',
  ]);
  expect(rules([guest('/dev/char', 'c', 10, 1)])).toEqual([
    'c 10:1 rw',
    'b 99:99 r',
    'a 99:99 m',
    'c 10:1 rwm',
  ]);
});

test('every rule of a device is rewritten, however the number is written', () => {
  const rules = ['r', 'w', 'm'].map((access) => ({ allow: true, type: 'b', major: 8n, minor: 0, access }));
  const several = specOf([{ path: '/dev/a', type: 'b', major: 8, minor: 0n }], rules);
  const { linux } = rewriteDeviceNumbers(several, [guest('/dev/a', 'b', 254, 16)]);
  expect(linux?.resources?.devices).toEqual([
    ...['r', 'w', 'm'].map((access) => ({ allow: true, type: 'b', major: 254, minor: 16, access })),
    { allow: true, type: 'b', major: 254, minor: 16, access: 'rwm' },
  ]);
});

test('rules with a wildcard stay', () => {
  const wild = specOf(
    [{ path: '/dev/a', type: 'b', major: 8, minor: 0 }],
    [
      { allow: true, type: 'b', major: 8, access: 'r' },
      { allow: true, type: 'b', minor: 0, access: 'r' },
      { allow: true, major: 8, minor: 0, access: 'r' },
    ],
  );
  const { linux } = rewriteDeviceNumbers(wild, [guest('/dev/a', 'b', 254, 16)]);
  expect(linux?.resources?.devices?.slice(0, 3)).toEqual(wild.linux?.resources?.devices);
});

test('a device of the host that the container sees under two paths is one in the guest', () => {
  const twice = specOf(
    ['/dev/a', '/dev/b'].map((path) => ({ path, type: 'b', major: 8, minor: 0 })),
    [{ allow: true, type: 'b', major: 8, minor: 0, access: 'r' }],
  );
  const { linux } = rewriteDeviceNumbers(twice, [guest('/dev/a', 'b', 254, 0), guest('/dev/b', 'b', 254, 0)]);
  expect(linux?.devices?.map(({ major, minor }) => [major, minor])).toEqual([
    [254, 0],
    [254, 0],
  ]);
  expect(linux?.resources?.devices).toEqual([
    { allow: true, type: 'b', major: 254, minor: 0, access: 'r' },
    { allow: true, type: 'b', major: 254, minor: 0, access: 'rwm' },
  ]);
  expect(() =>
    rewriteDeviceNumbers(twice, [guest('/dev/a', 'b', 254, 0), guest('/dev/b', 'b', 254, 16)]),
  ).toThrow(expect.objectContaining({ code: 'device_failed', operand: '/dev/b' }));
});

test('a device may get another path', () => {
  const { linux } = rewriteDeviceNumbers(spec, [guest('/dev/c', 'c', 240, 3, '/dev/vfio/7')]);
  expect(linux?.devices?.[2]).toEqual({ path: '/dev/vfio/7', type: 'c', major: 240, minor: 3 });
});

test('without changes the specification stays as it is', () => {
  expect(rewriteDeviceNumbers(spec, [])).toBe(spec);
  expect(rewriteDeviceNumbers(spec, [{ containerPath: '/dev/x', node: undefined }])).toBe(spec);
  expect(addNodes(spec, [])).toBe(spec);
});

test.each([
  { title: 'two devices of one path', resolved: [guest('/dev/a', 'b', 1, 1), guest('/dev/a', 'b', 1, 1)] },
  { title: 'a device the specification does not have', resolved: [guest('/dev/x', 'b', 1, 1)] },
])('$title are refused', ({ resolved }) => {
  expect(() => rewriteDeviceNumbers(spec, resolved)).toThrow(
    expect.objectContaining({ code: 'device_failed', operand: resolved[0]?.containerPath }),
  );
  expect(() => rewriteDeviceNumbers({ ociVersion: '1.0.2' }, resolved)).toThrow();
});

test('devices of the guest are added with their rules, unless their path is taken', () => {
  const node = { type: 'c' as const, major: 231, minor: 192 };
  const { linux } = addNodes(spec, [
    { ...node, path: '/dev/infiniband/uverbs0' },
    { ...node, path: '/dev/a' },
  ]);
  expect(linux?.devices?.slice(3)).toEqual([{ ...node, path: '/dev/infiniband/uverbs0' }]);
  expect(linux?.resources?.devices?.slice(4)).toEqual([{ ...node, allow: true, access: 'rwm' }]);
});

test.each([
  { rdev: 0x0801n, major: 8, minor: 1 },
  { rdev: 0x1_0003_0002n, major: 0x300, minor: 0x10_0002 },
  { rdev: 0xfe10n, major: 254, minor: 16 },
  { rdev: 0xabc_0000_0000_0000n, major: 0xabc_0000, minor: 0 },
])('the device number $rdev is split as the kernel does', ({ rdev, major, minor }) => {
  expect(splitDeviceNumber(rdev)).toEqual({ major, minor });
});
