// SPDX-License-Identifier: Apache-2.0

/** First bytes of the legacy LZ4 frame, little-endian 0x184C2102. */
export const lz4LegacyMagic = 0x184c2102;

/**
 * Decodes the legacy LZ4 frame in which kernels are packed: independent blocks, each with its packed length before it.
 *
 * Errors: `RangeError` when a block reaches outside of the input or the output.
 *
 * @param packed - The frame with its magic number.
 * @param unpackedLength - The exact length of the result.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
export function decodeLz4Legacy(packed: Buffer, unpackedLength: number): Buffer {
  if (packed.length < 4 || packed.readUInt32LE(0) !== lz4LegacyMagic)
    throw new RangeError('not a legacy LZ4 frame');
  const output = Buffer.alloc(unpackedLength);
  let written = 0;
  for (let offset = 4; offset + 4 <= packed.length && written < unpackedLength;) {
    const blockLength = packed.readUInt32LE(offset);
    const block = packed.subarray(offset + 4, offset + 4 + blockLength);
    if (block.length < blockLength) throw new RangeError('LZ4 block is longer than its frame');
    written = decodeBlock(block, output, written);
    offset += 4 + blockLength;
  }
  if (written !== unpackedLength)
    throw new RangeError(`LZ4 frame holds ${written} bytes, expected ${unpackedLength}`);
  return output;
}

/** Sequences of literals and matches; the last one has literals only. Returns the new end of the output. */
function decodeBlock(block: Buffer, output: Buffer, start: number): number {
  let read = 0;
  let write = start;
  while (read < block.length) {
    const token = block.readUInt8(read++);
    const literals = readLength(token >> 4);
    if (read + literals > block.length || write + literals > output.length)
      throw new RangeError('LZ4 literals out of bounds');
    block.copy(output, write, read, read + literals);
    read += literals;
    write += literals;
    if (read >= block.length) break;

    const distance = block.readUInt16LE(read);
    read += 2;
    const matched = readLength(token & 15) + 4;
    if (distance === 0 || distance > write - start || write + matched > output.length) {
      throw new RangeError('LZ4 match out of bounds');
    }
    copyMatch(output, write, distance, matched);
    write += matched;
  }
  return write;

  function readLength(nibble: number): number {
    let length = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = block.readUInt8(read++);
        length += more;
      } while (more === 255);
    }
    return length;
  }
}

/** A match may overlap its own copy: then the bytes between repeat, which doubling copies reproduce. */
function copyMatch(output: Buffer, write: number, distance: number, length: number): void {
  let copied = 0;
  while (copied < length) {
    const chunk = Math.min(distance + copied, length - copied);
    output.copyWithin(write + copied, write - distance, write - distance + chunk);
    copied += chunk;
  }
}
