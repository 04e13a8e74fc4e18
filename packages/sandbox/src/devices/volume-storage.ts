// SPDX-License-Identifier: Apache-2.0
import { agentBlockAddress, type Device, type PluggedDevice } from '@hako/device-manager';
import { guestPaths, type OciMount } from '@hako/protocols';
import type { CreateContainerRequest, DeepPartial } from '@hako/protocols/agent';
import { FSGroupChangePolicy } from '@hako/protocols/types';

import { SandboxError } from '../sandbox-error.ts';
import type { BlockVolume, VolumeGroup } from './device-options.ts';
import { paddedBase64Url } from './padded-base64url.ts';

/** A message that tells the agent to mount something. */
export type StorageMessage = NonNullable<DeepPartial<CreateContainerRequest>['storages']>[number];

/** Options that a bind mount has for itself. */
const bindFlags = ['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime'];

/** How the agent finds a plugged disk, in the words of a storage. */
export interface DiskAddress {
  readonly driver: string;
  readonly source: string;
  /** Where its file system is mounted in the guest, whichever container uses it. */
  readonly mountPoint: string;
}

/**
 * Tells how the agent finds a disk. Error: `device_failed` when the device is none.
 * @param device attached
 */
export function diskAddress(device: Device): DiskAddress {
  const plugged = device.plugged.find(isDisk);
  if (plugged === undefined)
    throw new SandboxError('device_failed', `${device.hostPath} is not a plugged disk`);
  const { driver, id, vmPath } = agentBlockAddress(plugged);
  const source = id === '' ? vmPath : id;
  return { driver, source, mountPoint: `${guestPaths.sandboxStorage}${paddedBase64Url(source)}` };
}

/**
 * The storage of a block volume, and the mount that leads from there into the container.
 * @param volume as it was asked for
 * @param device the attached disk
 */
export function volumeStorage(
  { destination, fstype, options = [], readOnly = false, fsGroup, ...wishes }: BlockVolume,
  device: Device,
): { readonly storage: StorageMessage; readonly mount: OciMount } {
  const { driver, source, mountPoint } = diskAddress(device);
  const isReadOnlyDisk = device.info?.readOnly ?? false;
  const { createFilesystem = false, discard = false, encryptionKey } = wishes;
  return {
    storage: {
      ...{ driver, source, fstype, mountPoint },
      options: [...(isReadOnlyDisk ? ['ro'] : []), ...(discard ? ['discard'] : []), ...options],
      driverOptions: [
        ...(encryptionKey === undefined ? [] : [`encryption_key=${encryptionKey}`]),
        ...(createFilesystem ? ['create_filesystem'] : []),
      ],
      ...(fsGroup === undefined ? {} : { fsGroup: groupMessage(fsGroup) }),
    },
    mount: {
      destination,
      type: 'bind',
      source: mountPoint,
      options: [
        ...['rbind', 'rprivate', readOnly ? 'ro' : 'rw'],
        ...options.filter((option) => bindFlags.includes(option)),
      ],
    },
  };
}

function groupMessage({ groupId, changePolicy = 'always' }: VolumeGroup): StorageMessage['fsGroup'] {
  const groupChangePolicy =
    changePolicy === 'always' ? FSGroupChangePolicy.Always : FSGroupChangePolicy.OnRootMismatch;
  return { groupId, groupChangePolicy };
}

function isDisk(plugged: PluggedDevice): plugged is Parameters<typeof agentBlockAddress>[0] {
  return plugged.device.kind === 'block' || plugged.device.kind === 'vhost-user-blk';
}
