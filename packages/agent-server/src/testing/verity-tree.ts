// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';

const blockBytes = 4096;
const digestBytes = 32;
const digestsPerBlock = blockBytes / digestBytes;

/** An image with its tree of hashes behind it. */
export interface VerityImage {
  readonly bytes: Buffer;
  /** Hexadecimal. */
  readonly rootHash: string;
}

function digestOf(block: Uint8Array, salt: Uint8Array): Buffer {
  return createHash('sha256').update(salt).update(block).digest();
}

/** The hashes of all blocks of a level, in blocks of their own. */
function levelAbove(level: Buffer, salt: Uint8Array): Buffer {
  const blocks = level.length / blockBytes;
  const above = Buffer.alloc(Math.ceil(blocks / digestsPerBlock) * blockBytes);
  for (let index = 0; index < blocks; index++) {
    const block = level.subarray(index * blockBytes, (index + 1) * blockBytes);
    digestOf(block, salt).copy(above, index * digestBytes);
  }
  return above;
}

/**
 * Hashes an image as `veritysetup format` does, with SHA-256 and blocks of 4 KiB
 * (the kernel's Documentation/admin-guide/device-mapper/verity.rst).
 *
 * @param image - whole blocks
 * @param gapBlocks - room between image and tree, where a superblock may be
 */
export function hashImage(image: Buffer, salt: Uint8Array, gapBlocks: number): VerityImage {
  const levels: Buffer[] = [];
  let level = image;
  while (level.length > blockBytes) {
    level = levelAbove(level, salt);
    levels.unshift(level);
  }
  return {
    bytes: Buffer.concat([image, Buffer.alloc(gapBlocks * blockBytes), ...levels]),
    rootHash: digestOf(level, salt).toString('hex'),
  };
}
