// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../../sandbox-error.ts';
import { numericId } from '../../spec/numeric-id.ts';
import type { BlockVolume, VolumeGroup } from '../device-options.ts';
import type { DirectVolume } from './descriptor.ts';

/**
 * What a container gets that binds the directory a direct volume stands for. Error: `invalid_options` for metadata that is
 * not understood.
 * @param volume the descriptor
 * @param bind how the container binds the directory
 */
export function toBlockVolume(
  { device, fstype, options, metadata }: DirectVolume,
  bind: { readonly destination: string; readonly readOnly: boolean },
): BlockVolume {
  const { fsGroup, fsGroupChangePolicy, createFilesystem, encryptionKey } = metadata;
  const group = groupOf(fsGroup, fsGroupChangePolicy);
  return {
    source: device,
    destination: bind.destination,
    fstype,
    readOnly: bind.readOnly || options.includes('ro'),
    options: options.filter((option) => option !== 'ro' && option !== 'rw' && option !== 'discard'),
    discard: options.includes('discard'),
    createFilesystem: createFilesystem === undefined ? false : truth('createFilesystem', createFilesystem),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(group === undefined ? {} : { fsGroup: group }),
  };
}

function groupOf(id: string | undefined, policy: string | undefined): VolumeGroup | undefined {
  if (id === undefined) {
    if (policy === undefined) return undefined;
    throw refused('fsGroupChangePolicy', policy, 'give fsGroup with it');
  }
  const groupId = numericId(id);
  if (groupId === undefined) throw refused('fsGroup', id, 'give the number of a group');
  switch (policy) {
    case undefined:
    case 'Always':
      return { groupId, changePolicy: 'always' };
    case 'OnRootMismatch':
      return { groupId, changePolicy: 'on-root-mismatch' };
    default:
      throw refused('fsGroupChangePolicy', policy, 'use Always or OnRootMismatch');
  }
}

function truth(name: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw refused(name, text, 'use true or false');
}

function refused(name: string, value: string, remedy: string): SandboxError {
  return new SandboxError('invalid_options', `direct volume has ${name} ${JSON.stringify(value)}`, {
    remedy,
  });
}
