// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

import type { BlockVolume } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { mountDestination, mountSwitch, mountValue, neededValue, type MountWords } from './mount-words.ts';

/** What `--mount type=block` takes. */
export const blockMountKeys = [
  'src',
  'dst',
  'fstype',
  'ro',
  'option',
  'format',
  'discard',
  'fsgroup',
] as const;

/**
 * Understands `--mount type=block`: a disk, or a file that holds one, whose file system the workload sees. Error:
 * {@link UsageError}.
 * @param words its words
 */
export function parseBlockMount(words: MountWords): BlockVolume {
  const destination = mountDestination(words);
  const group = mountValue(words, 'fsgroup');
  if (group !== undefined && !/^\d{1,10}$/.test(group))
    throw new UsageError(`mount has fsgroup ${JSON.stringify(group)}`, 'give the number of a group');
  return {
    source: resolve(neededValue(words, 'src')),
    destination,
    fstype: neededValue(words, 'fstype'),
    readOnly: mountSwitch(words, 'ro'),
    options: words.values.get('option') ?? [],
    createFilesystem: mountSwitch(words, 'format'),
    discard: mountSwitch(words, 'discard'),
    ...(group === undefined ? {} : { fsGroup: { groupId: Number(group) } }),
  };
}
