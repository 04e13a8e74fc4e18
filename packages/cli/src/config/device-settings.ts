// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { DeviceSettings } from '@hako/sandbox';

const qemu = 'hypervisor.qemu';

/** Reads off a configuration how disks and devices are plugged. */
export function deviceSettings(configuration: Configuration): DeviceSettings {
  const on = (key: string): boolean => configuration.switch(qemu, key);
  const isCacheSet = on('block_device_cache_set');
  const direct = isCacheSet && on('block_device_cache_direct');
  const blockDriver = driverOf(configuration.text(qemu, 'block_device_driver'));
  const aio = aioOf(configuration.text(qemu, 'block_device_aio'), direct);
  return {
    ...(blockDriver === undefined ? {} : { blockDriver }),
    ...(aio === undefined ? {} : { aio }),
    ...(isCacheSet ? { direct, noFlush: on('block_device_cache_noflush') } : {}),
    disableBlockDevices: on('disable_block_device_use'),
    vfioPort: portOf(configuration.text(qemu, 'hot_plug_vfio')),
    vfioMode: configuration.text('runtime', 'vfio_mode') === 'vfio' ? 'vfio' : 'guest-kernel',
    ...(on('enable_vhost_user_store')
      ? { vhostUserStore: configuration.text(qemu, 'vhost_user_store_path') }
      : {}),
    vhostUserReconnectSeconds: configuration.number(qemu, 'vhost_user_reconnect_timeout_sec'),
  };
}

/** Kata's runtime plugs nothing without a port; a bridge there is in any case. */
function portOf(name: string): NonNullable<DeviceSettings['vfioPort']> {
  return name === 'root-port' || name === 'switch-port' ? name : 'bridge-port';
}

function driverOf(name: string): DeviceSettings['blockDriver'] {
  switch (name) {
    case 'virtio-scsi':
    case 'virtio-blk':
    case 'virtio-blk-ccw':
    case 'virtio-mmio':
    case 'nvdimm':
      return name;
    default:
      return undefined;
  }
}

/** QEMU takes `native` only past the page cache; Kata's file may say it all the same. */
function aioOf(name: string, direct: boolean): DeviceSettings['aio'] {
  if (name === 'native') return direct ? 'native' : 'threads';
  return name === 'io_uring' || name === 'threads' ? name : undefined;
}
