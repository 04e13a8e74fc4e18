// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from '../device-manager-error.ts';
import type { VhostUserDevice } from '../pluggable-device.ts';
import { machineId } from './kind-context.ts';

/** A vhost-user SCSI controller. */
export interface VhostUserScsiAttributes {
  readonly kind: 'vhost-user-scsi';
  readonly socketPath: string;
}

/** A vhost-user network interface. */
export interface VhostUserNetAttributes {
  readonly kind: 'vhost-user-net';
  readonly socketPath: string;
  readonly macAddress: string;
}

/** A vhost-user file system. */
export interface VhostUserFsAttributes {
  readonly kind: 'vhost-user-fs';
  readonly socketPath: string;
  /** What the guest mounts by; 1 to 36 bytes (virtio specification 1.2, section 5.11.4). */
  readonly tag: string;
  /** Size of the DAX window in MiB. Default 0, none. */
  readonly cacheMib?: number;
  readonly queueSize?: number;
}

/** A vhost-user device that other parts of the host side ask for, rather than a container. */
export type VhostUserAttributes = VhostUserScsiAttributes | VhostUserNetAttributes | VhostUserFsAttributes;

const prefixes = { 'vhost-user-scsi': 'scsi', 'vhost-user-net': 'net', 'vhost-user-fs': 'fs' } as const;
const macAddress = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;
const maxTagBytes = 36;

function problemOf(attributes: VhostUserAttributes): string | undefined {
  if (attributes.socketPath === '') return 'has no socket path';
  switch (attributes.kind) {
    case 'vhost-user-scsi':
      return undefined;
    case 'vhost-user-net':
      return macAddress.test(attributes.macAddress) ? undefined : 'has no MAC address';
    case 'vhost-user-fs': {
      const bytes = Buffer.byteLength(attributes.tag);
      return bytes > 0 && bytes <= maxTagBytes ? undefined : `has a tag of ${bytes} bytes`;
    }
  }
}

/** Throws `invalid_device` when an attribute cannot be used. */
export function checkVhostUserAttributes(attributes: VhostUserAttributes): void {
  const problem = problemOf(attributes);
  if (problem === undefined) return;
  throw new DeviceManagerError('invalid_device', `${attributes.kind} device ${problem}`, {
    device: attributes.socketPath,
  });
}

/** Describes such a device. */
export function describeVhostUser(id: string, attributes: VhostUserAttributes): VhostUserDevice {
  return { ...attributes, id: machineId(prefixes[attributes.kind], id), reconnectSeconds: 0 };
}
