// SPDX-License-Identifier: Apache-2.0
import { DeviceManager, type BlockDriver, type DeviceKind } from '@hako/device-manager';
import { publicMembers } from './public-members.ts';
import { rowsOf, type StatusRow } from './status-row.ts';

const drivers: Readonly<Record<BlockDriver, true>> = {
  'virtio-blk': true,
  'virtio-scsi': true,
  'virtio-mmio': true,
  'virtio-blk-ccw': true,
  nvdimm: true,
};

const kinds: Readonly<Record<DeviceKind, true>> = {
  block: true,
  generic: true,
  vfio: true,
  'vhost-user-blk': true,
  'vhost-user-fs': true,
  'vhost-user-net': true,
  'vhost-user-scsi': true,
};

/** The device manager. */
export const deviceRows: readonly StatusRow[] = [
  ...rowsOf('Device manager', publicMembers('devices', DeviceManager.prototype)),
  ...rowsOf(
    'Device manager',
    Object.keys(kinds).map((kind) => `device ${kind}`),
  ),
  ...rowsOf(
    'Device manager',
    Object.keys(drivers).map((driver) => `driver ${driver}`),
  ),
];
