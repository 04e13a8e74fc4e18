// SPDX-License-Identifier: Apache-2.0
import type { FileTree, FileTreeEntry } from './file-tree.ts';

/** File type bits of `st_mode`, inode(7). */
const typeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000 } as const;

const trailerName = 'TRAILER!!!';

/**
 * Encodes a file tree as a "newc" cpio archive, the format that the kernel unpacks as its initramfs.
 *
 * Inode numbers count up, owner is root, times are zero: the same tree gives the same bytes.
 *
 * @param tree - Entries in the order in which the kernel shall create them; parents come first.
 * @returns The archive, padded to 512 bytes.
 * @see https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */
export function encodeCpio(tree: FileTree): Buffer {
  const parts: Buffer[] = [];
  tree.forEach((entry, index) => parts.push(...encodeEntry(entry, index + 1)));
  parts.push(encodeHeader({ name: trailerName, inode: 0, mode: 0, links: 1, size: 0 }));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  parts.push(Buffer.alloc(paddingTo(512, length)));
  return Buffer.concat(parts);
}

function encodeEntry(entry: FileTreeEntry, inode: number): Buffer[] {
  const content = contentOf(entry);
  const header = encodeHeader({
    name: entry.path,
    inode,
    mode: typeBits[entry.kind] | entry.mode,
    links: entry.kind === 'directory' ? 2 : 1,
    size: content.length,
  });
  return [header, content, Buffer.alloc(paddingTo(4, content.length))];
}

function contentOf(entry: FileTreeEntry): Buffer {
  switch (entry.kind) {
    case 'directory':
      return Buffer.alloc(0);
    case 'symlink':
      return Buffer.from(entry.target);
    case 'file':
      return entry.content;
  }
}

function encodeHeader(fields: {
  name: string;
  inode: number;
  mode: number;
  links: number;
  size: number;
}): Buffer {
  const name = Buffer.from(`${fields.name}\0`);
  const numbers = [fields.inode, fields.mode, 0, 0, fields.links, 0, fields.size, 0, 0, 0, 0, name.length, 0];
  const text = numbers.map((number) => number.toString(16).padStart(8, '0')).join('');
  const header = Buffer.concat([Buffer.from(`070701${text}`), name]);
  return Buffer.concat([header, Buffer.alloc(paddingTo(4, header.length))]);
}

function paddingTo(alignment: number, length: number): number {
  return (alignment - (length % alignment)) % alignment;
}
