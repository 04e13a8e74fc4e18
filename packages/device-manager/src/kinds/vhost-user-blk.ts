// SPDX-License-Identifier: Apache-2.0
import type { VhostUserDevice } from '../pluggable-device.ts';
import { machineId, type DeviceRecord, type KindContext } from './kind-context.ts';

/** Describes a vhost-user block target. It counts as a disk of the guest only where disks are virtio-blk ones. */
export function describeVhostUserBlk(
  { id, info, hostPath }: DeviceRecord,
  context: KindContext,
): VhostUserDevice {
  const driver = info.driverOptions?.blockDriver ?? context.blockDriver;
  const counted = driver === 'virtio-blk' || driver === 'virtio-blk-ccw' || driver === 'virtio-mmio';
  return {
    kind: 'vhost-user-blk',
    id: machineId('blk', id),
    socketPath: hostPath,
    reconnectSeconds: info.driverOptions?.vhostUserReconnectSeconds ?? context.vhostUserReconnectSeconds,
    ...(counted ? { index: context.indexes.take() } : {}),
  };
}
