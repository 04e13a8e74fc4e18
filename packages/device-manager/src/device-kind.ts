// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from './device-info.ts';
import type { VhostUserKind } from './pluggable-device.ts';

/** Major number that stands for a vhost-user block target; local and experimental in the kernel's list. */
export const vhostUserBlkMajor = 241;
/** Major number that stands for a vhost-user SCSI target. */
export const vhostUserScsiMajor = 242;

/** What a device is to the manager; decides how it is plugged and what the agent is told. */
export type DeviceKind = 'vfio' | VhostUserKind | 'block' | 'generic';

/**
 * Finds the kind of a device; the first rule that matches counts.
 *
 * @param hasVhostUserStore - Whether major numbers can stand for vhost-user targets on this host.
 */
export function deviceKindOf(info: DeviceInfo, hostPath: string, hasVhostUserStore: boolean): DeviceKind {
  // /dev/vfio/vfio is the door to the container of groups, not a device.
  if (hostPath.startsWith('/dev/vfio/') && !hostPath.startsWith('/dev/vfio/vfio')) return 'vfio';
  if (info.type !== 'b') return 'generic';
  return hasVhostUserStore && info.major === vhostUserBlkMajor ? 'vhost-user-blk' : 'block';
}
