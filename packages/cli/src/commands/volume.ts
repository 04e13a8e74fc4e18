// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

import { addDirectVolume, directVolumeStats, removeDirectVolume, resizeDirectVolume } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { jsonText } from '../json-text.ts';
import { parseBytes } from '../parse/memory-size.ts';
import { columns } from '../table.ts';
import { UsageError } from '../usage-error.ts';

/** The options of `hako volume add`. */
export interface VolumeWords {
  readonly device?: string;
  readonly fstype?: string;
  readonly option?: readonly string[];
  readonly readOnly?: boolean;
  readonly format?: boolean;
  readonly fsgroup?: string;
}

/**
 * `hako volume add`: assigns a disk to a directory; containers that share the directory get the disk's file system.
 * @param directory of the host
 * @param words the options
 */
export async function addVolume(directory: string, words: VolumeWords): Promise<number> {
  const { device, fstype, option = [], readOnly = false, format = false, fsgroup } = words;
  if (device === undefined || fstype === undefined)
    throw new UsageError(
      'a volume needs --device and --fstype',
      'name the disk and the file system that is on it',
    );
  await addDirectVolume(directory, {
    device: resolve(device),
    fstype,
    options: [...option, ...(readOnly ? ['ro'] : [])],
    metadata: {
      ...(format ? { createFilesystem: 'true' } : {}),
      ...(fsgroup === undefined ? {} : { fsGroup: fsgroup }),
    },
  });
  return 0;
}

/**
 * `hako volume rm`: takes the assignment of disks back. What containers have stays.
 * @param directories of the host
 */
export async function removeVolumes(directories: readonly string[]): Promise<number> {
  for (const directory of directories) await removeDirectVolume(directory);
  return 0;
}

/**
 * `hako volume stats`: shows how full a volume is that a container has.
 * @param directory of the host
 * @param json whether for programs
 * @param components the program's world
 */
export async function volumeStats(
  directory: string,
  json: boolean,
  components: Pick<CliComponents, 'stdout'>,
): Promise<number> {
  const usage = await directVolumeStats(directory);
  const rows = usage.map(({ unit, total, used, available }) => [unit, `${total}`, `${used}`, `${available}`]);
  components.stdout.write(
    json ? `${jsonText(usage, 2)}\n` : columns(['UNIT', 'TOTAL', 'USED', 'AVAILABLE'], rows),
  );
  return 0;
}

/**
 * `hako volume resize`: makes a volume that a container has larger, with the file system on it.
 * @param directory of the host
 * @param size the new size
 */
export async function resizeVolume(directory: string, size: string): Promise<number> {
  await resizeDirectVolume(directory, parseBytes(size, 'volume'));
  return 0;
}
