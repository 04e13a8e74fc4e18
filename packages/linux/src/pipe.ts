// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/** Both ends of a pipe. */
export interface PipeEnds {
  readonly readFd: number;
  readonly writeFd: number;
}

/** What {@link createPipe} takes. */
export interface CreatePipeOptions {
  /** Rounded up to a power of two of pages by the kernel; default 64 KiB. */
  readonly capacityBytes?: number;
}

const closeOnExec = 0o2000000;
const setPipeSize = 1031; // F_SETPIPE_SZ

/**
 * pipe2(2). Both ends are close-on-exec (`stdio` of child_process passes them on nevertheless) and blocking, as the
 * program at the other end expects; readers and writers of this package make their own end non-blocking.
 *
 * @throws LinuxError `EMFILE`, `ENFILE`; `EPERM` when the capacity exceeds `/proc/sys/fs/pipe-max-size`.
 */
export function createPipe({ capacityBytes }: CreatePipeOptions = {}, libc: Libc = systemLibc()): PipeEnds {
  const ends = new Int32Array(2);
  invoke(libc, undefined, 'pipe2', new Uint8Array(ends.buffer), closeOnExec);
  const [readFd = -1, writeFd = -1] = ends;
  if (capacityBytes !== undefined) {
    try {
      setPipeCapacity(writeFd, capacityBytes, libc);
    } catch (error) {
      closeSync(readFd);
      closeSync(writeFd);
      throw error;
    }
  }
  return { readFd, writeFd };
}

/**
 * Sets how many bytes a pipe holds before its writer must wait.
 *
 * @returns the capacity granted, in bytes.
 */
export function setPipeCapacity(fd: number, capacityBytes: number, libc: Libc = systemLibc()): number {
  return invoke(libc, `fd ${fd}`, 'fcntl', fd, setPipeSize, capacityBytes);
}
