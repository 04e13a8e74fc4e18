// SPDX-License-Identifier: Apache-2.0
import { open, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import { bytesPerMib } from '../machine-size.ts';

/** A guest's pages, in which it counts its swap space. */
const pageBytes = 4096;

/** Linux takes no swap space of less. */
const leastPages = 10;

/**
 * Makes a file that a guest of 4 KiB pages can swap to, as mkswap does: a page of header, then as many pages as are wanted, all
 * of them holes until the guest writes there. What is in its place is overwritten. Error: `tool_failed`, also when the file
 * system has no room for all of it.
 * @param path in an existing directory
 * @param bytes of swap space, rounded up to whole pages
 * @param promisedBytes what files in the same place have still to grow into. Default 0
 */
export async function makeSwapFile(path: string, bytes: number, promisedBytes = 0): Promise<void> {
  const pages = Math.max(leastPages, Math.ceil(bytes / pageBytes));
  const fileBytes = (pages + 1) * pageBytes;
  try {
    await checkRoom(dirname(path), fileBytes, promisedBytes);
    await using file = await open(path, 'w', 0o600);
    await file.write(swapHeader(pages));
    await file.truncate(fileBytes);
  } catch (cause) {
    await rm(path, { force: true });
    if (cause instanceof SandboxError) throw cause;
    throw new SandboxError('tool_failed', `no swap space can be made: ${describeError(cause)}`, { cause });
  }
}

/**
 * The swap space that a file holds.
 * @param fileBytes its size
 */
export function swapBytesOf(fileBytes: number): number {
  return fileBytes - pageBytes;
}

/** `union swap_header` of include/linux/swap.h: after 1024 bytes for a boot loader, version and number of the last page. */
function swapHeader(lastPage: number): Buffer {
  const header = Buffer.alloc(pageBytes);
  header.writeUInt32LE(1, 1024);
  header.writeUInt32LE(lastPage, 1028);
  header.write('SWAPSPACE2', pageBytes - 10, 'latin1');
  return header;
}

/** QEMU stops a machine whose disk cannot be written any further. */
async function checkRoom(directory: string, bytes: number, promisedBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= bytes + promisedBytes) return;
  const needed = Math.ceil(bytes / bytesPerMib);
  throw new SandboxError('tool_failed', `${directory} has no room for ${needed} MiB of swap space`, {
    remedy: 'make room, or choose another base of run directories with HAKO_RUN_DIR',
  });
}
