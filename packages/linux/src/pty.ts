// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/** A new pseudo-terminal. */
export interface Pty {
  /** Close-on-exec; the caller owns it. */
  readonly masterFd: number;
  /** Such as `/dev/pts/3`. */
  readonly slavePath: string;
}

const getPtyNumber = 0x80045430; // TIOCGPTN
const setPtyLock = 0x40045431; // TIOCSPTLCK

/**
 * Makes a pseudo-terminal with the window size 0×0.
 *
 * @throws the system error of Node when `/dev/ptmx` cannot be opened; LinuxError of ioctl(2).
 */
export function openPty(libc: Libc = systemLibc()): Pty {
  const masterFd = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  try {
    const unlocked = new Uint8Array(4);
    invoke(libc, '/dev/ptmx', 'ioctl', masterFd, setPtyLock, unlocked);
    const number = new Uint32Array(1);
    invoke(libc, '/dev/ptmx', 'ioctl', masterFd, getPtyNumber, new Uint8Array(number.buffer));
    return { masterFd, slavePath: `/dev/pts/${number[0] ?? 0}` };
  } catch (error) {
    closeSync(masterFd);
    throw error;
  }
}

/** Whether a descriptor is the master of a pseudo-terminal. */
export function isPtyMaster(fd: number, libc: Libc = systemLibc()): boolean {
  return libc.call('ioctl', fd, getPtyNumber, new Uint8Array(4)) === 0;
}
