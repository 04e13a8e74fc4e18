// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  moduleName,
  parseModuleDependencies,
  selectBootModules,
  selectImageModules,
} from './kernel-modules.ts';

const dependencies = parseModuleDependencies(
  [
    'kernel/drivers/virtio/virtio_ring.ko:',
    'kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko',
    'kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko',
    'kernel/fs/fuse/fuse.ko.xz:',
    'kernel/fs/fuse/virtiofs.ko.xz: kernel/fs/fuse/fuse.ko.xz',
    'kernel/net/netfilter/xt_mark.ko: kernel/net/x_tables.ko',
    'kernel/net/x_tables.ko:',
    'kernel/sound/snd.ko:',
  ].join('\n'),
);

test.each([
  ['kernel/fs/fuse/fuse.ko', 'fuse'],
  ['kernel/fs/fuse/fuse.ko.xz', 'fuse'],
  ['kernel/drivers/md/dm-verity.ko.zst', 'dm_verity'],
])('the module %s is called %s', (path, name) => {
  expect(moduleName(path)).toBe(name);
});

test('the image gets the named modules, the packet filter and all they depend on, and nothing else', () => {
  expect(selectImageModules(dependencies).map(moduleName)).toEqual([
    'virtio_blk',
    'virtio',
    'virtio_ring',
    'fuse',
    'virtiofs',
    'xt_mark',
    'x_tables',
  ]);
});

describe('selectBootModules', () => {
  test('keeps the order of loading and leaves out what the kernel has built in', () => {
    expect(selectBootModules(dependencies).map(moduleName)).toEqual([
      'virtio_ring',
      'virtio',
      'virtio_blk',
      'fuse',
      'virtiofs',
    ]);
  });

  test('refuses a kernel whose boot module needs one that is not loaded before', () => {
    const changed = parseModuleDependencies(
      'kernel/fs/erofs/erofs.ko: kernel/lib/lz4.ko\nkernel/lib/lz4.ko:',
    );
    expect(() => selectBootModules(changed)).toThrow('boot module erofs needs lz4 before it');
  });
});
