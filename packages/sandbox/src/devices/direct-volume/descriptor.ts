// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { replaceFile } from '../../replace-file.ts';
import { describeError, SandboxError } from '../../sandbox-error.ts';
import { descriptorDirectory, descriptorFile } from './descriptor-place.ts';

/** What a descriptor may have at most, in bytes. */
const maxDescriptorBytes = 64 * 1024;

const schema = z.object({
  'volume-type': z.string().default(''),
  device: z.string().min(1),
  fstype: z.string().min(1),
  metadata: z.record(z.string(), z.string()).nullish(),
  options: z.array(z.string()).nullish(),
});

/** A disk that stands for a directory of the host in whatever container binds that directory. */
export interface DirectVolume {
  /** Block device, or a file that holds a disk. */
  readonly device: string;
  readonly fstype: string;
  /** Options of mount(8). */
  readonly options: readonly string[];
  /** `fsGroup`, `fsGroupChangePolicy`, `createFilesystem`, `encryptionKey`, as Kata has them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Types of volumes that are disks; files that name none mean one too. */
const diskTypes = ['', 'blk', 'block', 'directvol'];

/**
 * Reads what is said of a volume; `undefined` when nothing is. Error: `invalid_options` for a descriptor that is not usable.
 * @param volumePath directory of the host
 * @param root directory of all descriptors
 */
export async function readDirectVolume(volumePath: string, root: string): Promise<DirectVolume | undefined> {
  const path = join(descriptorDirectory(volumePath, root), descriptorFile);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  try {
    if (found.size > maxDescriptorBytes) throw new Error(`it is larger than ${maxDescriptorBytes} bytes`);
    return parseDescriptor(await readFile(path, 'utf8'));
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? z.prettifyError(cause).split('\n').join(' ') : describeError(cause);
    throw new SandboxError('invalid_options', `direct volume ${path} is not usable: ${why}`, {
      cause,
      remedy: 'give {"volume-type":"blk","device":"/dev/…","fstype":"ext4","metadata":{},"options":[]}',
    });
  }
}

function parseDescriptor(text: string): DirectVolume {
  const { 'volume-type': type, device, fstype, metadata, options } = schema.parse(JSON.parse(text));
  if (!diskTypes.includes(type)) throw new Error(`volumes of type ${JSON.stringify(type)} are not disks`);
  return { device, fstype, options: options ?? [], metadata: metadata ?? {} };
}

/**
 * Writes a descriptor, at once or not at all.
 * @param volumePath directory of the host
 * @param volume the disk that stands for it
 * @param root directory of all descriptors
 */
export async function writeDirectVolume(
  volumePath: string,
  { device, fstype, metadata, options }: DirectVolume,
  root: string,
): Promise<void> {
  const directory = descriptorDirectory(volumePath, root);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(
    join(directory, descriptorFile),
    JSON.stringify({ 'volume-type': 'blk', device, fstype, metadata, options }),
  );
}

/**
 * Removes a descriptor. What containers have of the volume stays.
 * @param volumePath directory of the host
 * @param root directory of all descriptors
 */
export async function deleteDirectVolume(volumePath: string, root: string): Promise<void> {
  await rm(descriptorDirectory(volumePath, root), { recursive: true, force: true });
}
