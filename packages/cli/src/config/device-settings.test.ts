// SPDX-License-Identifier: Apache-2.0
import { Configuration, type FoundValue } from '@hako/configuration';
import type { DeviceSettings } from '@hako/sandbox';
import { expect, test } from 'vitest';

import { deviceSettings } from './device-settings.ts';

const section = 'hypervisor.qemu';

function read(found: readonly FoundValue[]): DeviceSettings {
  return deviceSettings(Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' })));
}

test('without a word of the file disks and devices are as Kata has them', () => {
  expect(read([])).toEqual({
    blockDriver: 'virtio-scsi',
    aio: 'io_uring',
    disableBlockDevices: false,
    vfioPort: 'bridge-port',
    vfioMode: 'vfio',
    vhostUserReconnectSeconds: 0,
  });
});

test.for<[readonly FoundValue[], Partial<DeviceSettings>]>([
  [[{ section, key: 'block_device_driver', value: 'virtio-blk' }], { blockDriver: 'virtio-blk' }],
  [[{ section, key: 'block_device_aio', value: 'threads' }], { aio: 'threads' }],
  [[{ section, key: 'block_device_aio', value: 'native' }], { aio: 'threads' }],
  [
    [
      { section, key: 'block_device_aio', value: 'native' },
      { section, key: 'block_device_cache_set', value: true },
      { section, key: 'block_device_cache_direct', value: true },
    ],
    { aio: 'native', direct: true, noFlush: false },
  ],
  [
    [
      { section, key: 'block_device_cache_set', value: true },
      { section, key: 'block_device_cache_noflush', value: true },
    ],
    { direct: false, noFlush: true },
  ],
  [[{ section, key: 'disable_block_device_use', value: true }], { disableBlockDevices: true }],
  [[{ section, key: 'hot_plug_vfio', value: 'switch-port' }], { vfioPort: 'switch-port' }],
  [[{ section: 'runtime', key: 'vfio_mode', value: 'guest-kernel' }], { vfioMode: 'guest-kernel' }],
  [
    [
      { section, key: 'enable_vhost_user_store', value: true },
      { section, key: 'vhost_user_store_path', value: '/run/store' },
      { section, key: 'vhost_user_reconnect_timeout_sec', value: 7 },
    ],
    { vhostUserStore: '/run/store', vhostUserReconnectSeconds: 7 },
  ],
])('%j decides %j', ([found, settings]) => {
  expect(read(found)).toMatchObject(settings);
});

test('cache options count only where they are set', () => {
  const found = [{ section, key: 'block_device_cache_direct', value: true }] as const;
  expect(read(found)).not.toHaveProperty('direct');
});
