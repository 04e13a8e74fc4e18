// SPDX-License-Identifier: Apache-2.0

/** Program header types, elf(5). */
const segmentType = { load: 1, note: 4 } as const;

/** Type of the Xen ELF note that names a 32-bit PVH entry point (xen/include/public/elfnote.h). */
const physicalEntryNote = 18;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
}

/** Whether the bytes begin like a 64-bit little-endian ELF file. */
export function isElf64(image: Buffer): boolean {
  return image.length >= 64 && image.toString('latin1', 0, 6) === '\x7fELF\x02\x01';
}

/**
 * Cuts an ELF program behind its last loaded byte: what is left out are symbol tables, debug information and the
 * section headers, none of which is ever mapped. The same saving as strip(1), without binutils on the build host.
 *
 * @returns A copy; bytes that are no ELF come back as they are.
 */
export function stripElf(image: Buffer): Buffer {
  if (!isElf64(image)) return image;
  const end = Math.max(...readSegments(image).map((segment) => segment.offset + segment.length));
  const stripped = Buffer.from(image.subarray(0, Math.max(end, 64)));
  stripped.writeBigUInt64LE(0n, 40); // e_shoff
  stripped.writeUInt16LE(0, 60); // e_shnum
  stripped.writeUInt16LE(0, 62); // e_shstrndx
  return stripped;
}

/** Whether a kernel can be entered through PVH, so that QEMU boots it without decompression. */
export function hasPvhEntry(image: Buffer): boolean {
  if (!isElf64(image)) return false;
  return readSegments(image)
    .filter((segment) => segment.type === segmentType.note)
    .some((segment) =>
      noteTypes(image.subarray(segment.offset, segment.offset + segment.length)).includes(physicalEntryNote),
    );
}

function readSegments(image: Buffer): Segment[] {
  const tableOffset = Number(image.readBigUInt64LE(32));
  const entryLength = image.readUInt16LE(54);
  return Array.from({ length: image.readUInt16LE(56) }, (_, index) => {
    const entry = image.subarray(tableOffset + index * entryLength);
    return {
      type: entry.readUInt32LE(0),
      offset: Number(entry.readBigUInt64LE(8)),
      length: Number(entry.readBigUInt64LE(32)),
    };
  });
}

function noteTypes(notes: Buffer): number[] {
  const types: number[] = [];
  for (let offset = 0; offset + 12 <= notes.length;) {
    const nameLength = notes.readUInt32LE(offset);
    const descriptionLength = notes.readUInt32LE(offset + 4);
    types.push(notes.readUInt32LE(offset + 8));
    offset += 12 + alignToWord(nameLength) + alignToWord(descriptionLength);
  }
  return types;
}

function alignToWord(length: number): number {
  return (length + 3) & ~3;
}
