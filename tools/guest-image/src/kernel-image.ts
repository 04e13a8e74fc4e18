// SPDX-License-Identifier: Apache-2.0
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { hasPvhEntry } from './elf-image.ts';
import { GuestImageError } from './guest-image-error.ts';
import { decodeLz4Legacy, lz4LegacyMagic } from './lz4-legacy.ts';

/** Offsets into the setup header of a bzImage (https://docs.kernel.org/arch/x86/boot.html). */
const bootHeader = { setupSectors: 0x1f1, magic: 0x202, payloadOffset: 0x248, payloadLength: 0x24c } as const;

/**
 * Takes the uncompressed kernel out of a bzImage.
 *
 * QEMU enters such an ELF kernel directly (PVH). The compressed one first unpacks and relocates itself in the guest,
 * which costs more than a second when the guest's processor is emulated.
 *
 * @returns The ELF kernel, or the bzImage itself when it is packed in a way that Node cannot undo or has no PVH entry.
 *
 * Errors: `kernel_unusable` when the bytes are no bzImage.
 */
export function extractKernel(bzImage: Buffer): Buffer {
  if (
    bzImage.length < 0x260 ||
    bzImage.toString('latin1', bootHeader.magic, bootHeader.magic + 4) !== 'HdrS'
  ) {
    throw new GuestImageError('kernel_unusable', 'kernel image is no bzImage');
  }
  const setupSectors = bzImage.readUInt8(bootHeader.setupSectors) || 4;
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(bootHeader.payloadOffset);
  const payload = bzImage.subarray(start, start + bzImage.readUInt32LE(bootHeader.payloadLength));
  const kernel = unpack(payload);
  return kernel !== undefined && hasPvhEntry(kernel) ? kernel : bzImage;
}

/** The kernel's build appends the unpacked length to every format that does not carry it itself. */
function unpack(payload: Buffer): Buffer | undefined {
  const lengthAt = payload.length - 4;
  switch (payload.readUInt32LE(0)) {
    case lz4LegacyMagic:
      return decodeLz4Legacy(payload.subarray(0, lengthAt), payload.readUInt32LE(lengthAt));
    case 0xfd2fb528:
      return zstdDecompressSync(payload.subarray(0, lengthAt));
    default:
      return payload.readUInt16LE(0) === 0x8b1f ? gunzipSync(payload) : undefined;
  }
}
