// SPDX-License-Identifier: Apache-2.0
import { DeviceManager, type BlockDriver } from '@hako/device-manager';
import { publicMembers } from './public-members.ts';
import { rowsOf, type StatusRow } from './status-row.ts';

const drivers: Readonly<Record<BlockDriver, true>> = {
  'virtio-blk': true,
  'virtio-scsi': true,
  'virtio-mmio': true,
  'virtio-blk-ccw': true,
  nvdimm: true,
};

/** `DeviceKind` of the device manager. */
const kinds = [
  'block',
  'generic',
  'vfio',
  'vhost-user-blk',
  'vhost-user-fs',
  'vhost-user-net',
  'vhost-user-scsi',
] as const;

/** The device manager. */
export const deviceRows: readonly StatusRow[] = [
  ...rowsOf('Device manager', publicMembers('devices', DeviceManager.prototype)),
  ...rowsOf(
    'Device manager',
    kinds.map((kind) => `device ${kind}`),
  ),
  ...rowsOf(
    'Device manager',
    Object.keys(drivers).map((driver) => `driver ${driver}`),
  ),
];
