// SPDX-License-Identifier: Apache-2.0
import type { ContainerMount, HugePagesMount, SandboxVolume, TmpfsMount, Volume } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { parseBytes } from './memory-size.ts';
import { mountDestination, mountSwitch, mountValue, neededValue, type MountWords } from './mount-words.ts';
import { existingSource } from './volume.ts';

/** What `--mount` takes for what is not a disk. */
export const guestMountKeys = {
  bind: ['src', 'dst', 'ro'],
  tmpfs: ['dst', 'tmpfs-size', 'tmpfs-mode'],
  hugetlbfs: ['dst', 'pagesize', 'size'],
  volume: ['src', 'dst', 'ro', 'volume-opt'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/**
 * Understands `--mount type=bind`. Error: {@link UsageError}.
 * @param words its words
 */
export function parseBindMount(words: MountWords): Volume {
  const destination = mountDestination(words);
  return {
    source: existingSource(neededValue(words, 'src')),
    destination,
    readOnly: mountSwitch(words, 'ro'),
  };
}

/**
 * Understands `--mount` of what is made in the guest. Error: {@link UsageError}.
 * @param words its words
 */
export function parseGuestMount(words: MountWords): ContainerMount {
  const destination = mountDestination(words);
  switch (words.type) {
    case 'tmpfs':
      return tmpfs(destination, mountValue(words, 'tmpfs-size'), mountValue(words, 'tmpfs-mode'));
    case 'hugetlbfs':
      return hugePages(destination, neededValue(words, 'size'), mountValue(words, 'pagesize'));
    default:
      return volume(destination, words);
  }
}

/**
 * Makes a tmpfs of its words. Error: {@link UsageError}.
 * @param destination absolute
 * @param size such as `64m`
 * @param mode octal digits
 */
export function tmpfs(destination: string, size: string | undefined, mode: string | undefined): TmpfsMount {
  if (mode !== undefined && !/^[0-7]{1,5}$/.test(mode))
    throw new UsageError(`tmpfs mode ${JSON.stringify(mode)} is not octal`, 'write permissions such as 1777');
  return {
    type: 'tmpfs',
    destination,
    ...(size === undefined ? {} : { sizeBytes: parseBytes(size) }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}

function hugePages(destination: string, size: string, page: string | undefined): HugePagesMount {
  return {
    type: 'hugetlbfs',
    destination,
    sizeBytes: parseBytes(size),
    ...(page === undefined ? {} : { pageBytes: parseBytes(page) }),
  };
}

function volume(destination: string, words: MountWords): SandboxVolume {
  const name = mountValue(words, 'src');
  const options = words.values.get('volume-opt') ?? [];
  const unknown = options.find((option) => option !== 'type=tmpfs' && option !== 'device=tmpfs');
  if (unknown !== undefined)
    throw new UsageError(`mount of type volume has no volume-opt=${unknown}`, 'use volume-opt=type=tmpfs');
  return {
    type: 'volume',
    destination,
    readOnly: mountSwitch(words, 'ro'),
    ...(name === undefined ? {} : { name }),
    ...(options.includes('type=tmpfs') ? { medium: 'tmpfs' } : {}),
  };
}
