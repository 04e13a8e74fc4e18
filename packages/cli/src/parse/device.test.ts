// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { parseBlockMount, blockMountKeys } from './block-mount.ts';
import { parseDevice } from './device.ts';
import { splitMountWords } from './mount-words.ts';

const parseMount = (text: string) => parseBlockMount(splitMountWords(text, { block: blockMountKeys }));

describe('--device', () => {
  test.each([
    ['/dev/null', { path: '/dev/null', readOnly: false }],
    ['/dev/null:/dev/none', { path: '/dev/null', containerPath: '/dev/none', readOnly: false }],
    ['/dev/null:/dev/none:r', { path: '/dev/null', containerPath: '/dev/none', readOnly: true }],
    ['/dev/null:/dev/none:rwm', { path: '/dev/null', containerPath: '/dev/none', readOnly: false }],
    ['/dev/null:r', { path: '/dev/null', readOnly: true }],
  ])('%s is understood', (text, device) => expect(parseDevice(text)).toEqual(device));

  test.each([
    'null',
    '/dev/null:none',
    '/dev/null:/dev/none:w',
    '/dev/null:/dev/none:rx',
    '/dev/null:/a:r:b',
    '',
  ])('%j is refused', (text) => expect(() => parseDevice(text)).toThrow(/is not HOSTPATH/));

  test('a device that is not there is refused', () => {
    expect(() => parseDevice('/dev/there-is-none')).toThrow('device /dev/there-is-none does not exist');
  });
});

describe('--mount type=block', () => {
  test('all words are understood', () => {
    const text =
      'type=block,source=/disk.img,target=/data,fstype=ext4,readonly,option=noatime,option=data=journal,discard,fsgroup=7';
    expect(parseMount(text)).toEqual({
      source: '/disk.img',
      destination: '/data',
      fstype: 'ext4',
      readOnly: true,
      options: ['noatime', 'data=journal'],
      createFilesystem: false,
      discard: true,
      fsGroup: { groupId: 7 },
    });
  });

  test('what is not said is off', () => {
    expect(parseMount('type=block,src=/disk.img,dst=/data,fstype=xfs')).toEqual({
      source: '/disk.img',
      destination: '/data',
      fstype: 'xfs',
      readOnly: false,
      options: [],
      createFilesystem: false,
      discard: false,
    });
  });

  test.each([
    ['src=/disk.img,dst=/data', 'has type ""'],
    ['type=toString,src=/a', 'has type "toString"'],
    ['type=block,src=/disk.img,dst=/data', 'has no fstype'],
    ['type=block,src=/disk.img,fstype=ext4', 'has no dst'],
    ['type=block,dst=/data,fstype=ext4', 'has no src'],
    ['type=block,src=/disk.img,dst=data,fstype=ext4', 'is not absolute'],
    ['type=block,src=/disk.img,dst=/data,fstype=ext4,ro=maybe', 'has ro=maybe'],
    ['type=block,src=/disk.img,dst=/data,fstype=ext4,size=3', 'has no word "size"'],
    ['type=block,src=/disk.img,dst=/data,fstype=ext4,fsgroup=wheel', 'has fsgroup "wheel"'],
  ])('%s is refused', (text, message) => expect(() => parseMount(text)).toThrow(message));
});
