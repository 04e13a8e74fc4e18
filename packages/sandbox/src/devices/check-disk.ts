// SPDX-License-Identifier: Apache-2.0
import { destinationFault } from '../container/mounts/container-mount.ts';
import { SandboxError } from '../sandbox-error.ts';
import { maxId } from '../spec/numeric-id.ts';
import { isWholeNumber } from '../whole-number.ts';
import type { BlockVolume, HostDevice } from './device-options.ts';
import { isFixedNode, type CharacterNumbers } from './fixed-nodes.ts';
import { readHostNode, type HostNode } from './host-node.ts';
import { refuseMounted } from './mounted-on-host.ts';

/** Names of file systems, as mount(8) takes them. */
const fstypePattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** Options that decide about writing have a field of their own. */
const writingOptions = ['ro', 'rw'];

/**
 * Checks a block volume; nothing is guessed. Error: `invalid_options`.
 * @param volume as the caller gave it
 * @returns what its source is
 */
export async function checkBlockVolume(volume: BlockVolume): Promise<HostNode> {
  const { source, destination, fstype, options = [], readOnly = false } = volume;
  const refuse = (what: string, remedy: string): never => {
    throw new SandboxError('invalid_options', `block volume ${source} ${what}`, { remedy });
  };
  const fault = destinationFault(destination);
  if (fault !== undefined)
    refuse(`has destination ${JSON.stringify(destination)}, which ${fault.why}`, fault.remedy);
  if (!fstypePattern.test(fstype))
    refuse(`has file system ${JSON.stringify(fstype)}`, 'name the one that is on it, such as ext4');
  const bad = options.find(
    (option) => writingOptions.includes(option) || !/^[\x21-\x2b\x2d-\x7e]+$/.test(option),
  );
  if (bad !== undefined)
    refuse(
      `has mount option ${JSON.stringify(bad)}`,
      'give options of mount(8) one by one, and ro as readOnly',
    );
  if (volume.createFilesystem === true && (fstype !== 'ext4' || readOnly))
    refuse('cannot be formatted', 'only writable ext4 can be made');
  const groupId = volume.fsGroup?.groupId ?? 0;
  if (!isWholeNumber(groupId, 0, maxId)) refuse(`has group ${groupId}`, 'give the number of a group');
  const node = await readHostNode('block volume', source);
  if (node.kind !== 'block' && node.kind !== 'file')
    refuse('is no block device and no file', 'share a directory as a volume');
  if (!readOnly) await refuseMounted(node);
  return node;
}

/**
 * Checks a device. Error: `invalid_options`, also for a character device that only the host's kernel can offer.
 * @param device as the caller gave it
 * @returns what it is
 */
export async function checkHostDevice({
  path,
  containerPath = path,
  readOnly = false,
}: HostDevice): Promise<HostNode> {
  const fault = destinationFault(containerPath);
  if (fault !== undefined) {
    throw new SandboxError(
      'invalid_options',
      `device ${path} has container path ${JSON.stringify(containerPath)}, which ${fault.why}`,
      { remedy: fault.remedy },
    );
  }
  const node = await readHostNode('device', path);
  if (node.kind === 'char') {
    if (!isVfio(node.path)) checkCharacterDevice(path, node);
    return node;
  }
  if (node.kind !== 'block') {
    throw new SandboxError('invalid_options', `${path} is no device`, {
      remedy: 'share files as volumes; a file that holds a disk can be a block volume or a loop device',
    });
  }
  if (!readOnly) await refuseMounted(node);
  return node;
}

/**
 * Refuses a character device that is not the same in every kernel. Error: `invalid_options`.
 * @param path names it
 * @param numbers its numbers
 */
export function checkCharacterDevice(path: string, numbers: CharacterNumbers): void {
  if (isFixedNode(numbers)) return;
  throw new SandboxError(
    'invalid_options',
    `character device ${path} (${numbers.major}:${numbers.minor}) is the host's and cannot be given to a virtual machine`,
    { remedy: 'bind its PCI function to vfio-pci and give /dev/vfio/GROUP' },
  );
}

/**
 * Whether a path is that of a device behind VFIO.
 * @param path the real path
 */
export function isVfio(path: string): boolean {
  return path.startsWith('/dev/vfio/') && path !== '/dev/vfio/vfio';
}
