// SPDX-License-Identifier: Apache-2.0

/** One entry of an initramfs. */
export interface CpioEntry {
  readonly path: string;
  /** File type and permission bits, such as `0o100755`. */
  readonly mode: number;
  readonly content?: Uint8Array;
}

const directoryMode = 0o040755;

/** A directory entry. */
export function cpioDirectory(path: string): CpioEntry {
  return { path, mode: directoryMode };
}

/** An initramfs in the kernel's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function buildCpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const trailer = { path: 'TRAILER!!!', mode: 0 };
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => encode(entry, index + 1)));
}

function encode({ path, mode, content = new Uint8Array(0) }: CpioEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  // ino, mode, uid, gid, nlink, mtime, filesize, device numbers of file and node, namesize, checksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
