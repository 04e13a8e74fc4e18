// SPDX-License-Identifier: Apache-2.0

const headerBytes = 2 * 1024 * 1024;
const blockOffset = 4096;
const blockBytes = 4096;
const pageBytes = 4096;
/** Page structures lie in ordinary memory. */
const modeRam = 1;
const checksumOffset = blockBytes - 8;

/** Linux's `nd_fletcher64`. */
function fletcher64(bytes: Buffer): bigint {
  let low = 0;
  let high = 0n;
  for (let offset = 0; offset < bytes.length; offset += 4) {
    low = (low + bytes.readUInt32LE(offset)) >>> 0;
    high += BigInt(low);
  }
  return BigInt.asUintN(64, (high << 32n) | BigInt(low));
}

/**
 * A file system as the content of persistent memory that can be mapped (DAX): behind the block by which Linux knows it.
 * Source: `struct nd_pfn_sb` in drivers/nvdimm/pfn.h.
 */
export function persistentImage(fileSystem: Uint8Array): Buffer {
  const dataBytes = Math.ceil(fileSystem.length / headerBytes) * headerBytes;
  const image = Buffer.alloc(headerBytes + dataBytes);
  image.set(fileSystem, headerBytes);
  const block = image.subarray(blockOffset, blockOffset + blockBytes);
  block.write('NVDIMM_PFN_INFO\0', 'latin1');
  block.fill(0x68, 16, 32);
  block.writeUInt16LE(1, 52);
  block.writeUInt16LE(4, 54);
  block.writeBigUInt64LE(BigInt(headerBytes), 56);
  block.writeBigUInt64LE(BigInt(dataBytes / pageBytes), 64);
  block.writeUInt32LE(modeRam, 72);
  block.writeUInt32LE(headerBytes, 84);
  block.writeUInt32LE(pageBytes, 88);
  block.writeUInt16LE(64, 92);
  block.writeBigUInt64LE(fletcher64(block), checksumOffset);
  return image;
}
