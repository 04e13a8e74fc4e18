// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import { HypervisorError, type RootImage } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Linux maps persistent memory in pieces of this size. */
const stepBytes = 2 * 1024 * 1024;

/** Where Linux looks for the block that makes persistent memory mappable, and how it begins (`struct nd_pfn_sb`). */
const mappable = { offsetBytes: 4096, signature: 'NVDIMM_PFN_INFO\0' } as const;

/** A root image that is persistent memory. */
export interface PersistentImage {
  readonly sizeBytes: number;
  /** The guest can read it where it is, without a copy in its page cache (DAX). */
  readonly isMappable: boolean;
}

/**
 * Looks at a root image that is to be persistent memory; undefined for another one.
 *
 * @throws HypervisorError `invalid_config` if it is not made of whole pieces: what lies beyond the end of a file kills QEMU
 */
export async function inspectPersistentImage(
  image: RootImage | undefined,
): Promise<PersistentImage | undefined> {
  if (image?.attachment !== 'nvdimm') return undefined;
  await using file = await open(image.path);
  const { size: sizeBytes } = await file.stat();
  if (sizeBytes === 0 || sizeBytes % stepBytes !== 0)
    throw new HypervisorError('invalid_config', `root image ${image.path} is no whole number of 2 MiB`, {
      operand: 'rootImage',
      remedy: 'pad it, such as by truncate --size=%2M',
    });
  const { offsetBytes, signature } = mappable;
  const { buffer } = await file.read(Buffer.alloc(signature.length), 0, signature.length, offsetBytes);
  return { sizeBytes, isMappable: buffer.toString('latin1') === signature };
}

/** Arguments of a read-only file that the guest sees as persistent memory: upstream's ids and options. */
export function nvdimmArguments(path: string, sizeBytes: number): string[] {
  const memory = { id: 'mem0', 'mem-path': path, size: sizeBytes, share: 'on', readonly: 'on' };
  return [
    ...['-object', optionList('memory-backend-file', memory)],
    ...['-device', optionList('nvdimm', { id: 'nv0', memdev: 'mem0', unarmed: 'on' })],
  ];
}
