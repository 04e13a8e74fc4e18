// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, readdirSync } from 'node:fs';
import { cString, printable } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';
import { openAt2 } from './open-beneath.ts';

/** What a recursive removal may spare. */
export interface RemoveTreeOptions {
  /** Leave mount points, with what is mounted there and the directories above them; default false: `EXDEV`. */
  readonly keepMounts?: boolean;
}

const removeDirectory = 0x200; // AT_REMOVEDIR
/** Open descriptors at a time; deeper directories are first moved up to the top of the removed tree. */
const maxDepth = 32;

/**
 * Removes an entry of a directory and all below it through directory descriptors: no link is followed, no mount point
 * crossed, and a tree of any depth takes at most 32 descriptors and no path that could become too long.
 *
 * @throws LinuxError `ENOENT` when the entry is missing, `EXDEV` at a mount point that is not to be kept.
 */
export function removeTree(
  parentFd: number,
  name: Uint8Array,
  { keepMounts = false }: RemoveTreeOptions = {},
  libc: Libc,
): void {
  let moved = 0;

  /** @returns whether the entry is gone. */
  const removeEntry = (
    directoryFd: number,
    entry: Uint8Array,
    topFd: number | undefined,
    depth: number,
  ): boolean => {
    const failure = unlink(libc, directoryFd, entry, 0);
    if (failure === undefined) return true;
    if (failure.code === 'EBUSY' && keepMounts) return false;
    if (failure.code !== 'EISDIR') throw failure;
    if (topFd !== undefined && depth >= maxDepth) {
      const lifted = Buffer.from(`.removed-${process.pid}-${moved++}`);
      invoke(
        libc,
        printable(entry),
        'renameat',
        directoryFd,
        cString(entry, 'renameat'),
        topFd,
        cString(lifted, 'renameat'),
      );
      return true;
    }
    const emptied = emptyDirectory(directoryFd, entry, topFd, depth);
    if (!emptied) return false;
    const kept = unlink(libc, directoryFd, entry, removeDirectory);
    if (kept === undefined) return true;
    if (kept.code === 'EBUSY' && keepMounts) return false;
    throw kept;
  };

  /** @returns whether nothing is left in it. */
  const emptyDirectory = (
    directoryFd: number,
    entry: Uint8Array,
    topFd: number | undefined,
    depth: number,
  ): boolean => {
    const fd = openDirectory(libc, directoryFd, entry, keepMounts);
    if (fd === undefined) return false;
    try {
      let complete: boolean;
      let movedBefore: number;
      // Directories lifted from the depths are new entries of the top: read it again when there were any.
      do {
        complete = true;
        movedBefore = moved;
        for (const child of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
          complete = removeEntry(fd, child, topFd ?? fd, depth + 1) && complete;
        }
      } while (topFd === undefined && moved !== movedBefore);
      return complete;
    } finally {
      closeSync(fd);
    }
  };

  removeEntry(parentFd, name, undefined, 0);
}

function unlink(libc: Libc, directoryFd: number, entry: Uint8Array, flags: number): LinuxError | undefined {
  try {
    invoke(libc, printable(entry), 'unlinkat', directoryFd, cString(entry, 'unlinkat'), flags);
    return undefined;
  } catch (error) {
    if (error instanceof LinuxError) return error;
    throw error;
  }
}

function openDirectory(
  libc: Libc,
  directoryFd: number,
  entry: Uint8Array,
  keepMounts: boolean,
): number | undefined {
  try {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return openAt2(directoryFd, entry, { flags, resolve: 'beneath', sameMount: true }, libc);
  } catch (error) {
    if (keepMounts && error instanceof LinuxError && error.code === 'EXDEV') return undefined;
    throw error;
  }
}
