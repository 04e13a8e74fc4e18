// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/** Size of a terminal in characters. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

const getSize = 0x5413; // TIOCGWINSZ
const setSize = 0x5414; // TIOCSWINSZ

/**
 * Sets the size of a terminal; its foreground processes get SIGWINCH. Numbers are cut to 16 bits.
 *
 * @throws LinuxError `ENOTTY` when the descriptor is no terminal.
 */
export function setWindowSize(fd: number, { rows, columns }: WindowSize, libc: Libc = systemLibc()): void {
  const size = Uint16Array.of(rows, columns, 0, 0);
  invoke(libc, `fd ${fd}`, 'ioctl', fd, setSize, new Uint8Array(size.buffer));
}

/**
 * Reads the size of a terminal.
 *
 * @throws LinuxError `ENOTTY` when the descriptor is no terminal.
 */
export function getWindowSize(fd: number, libc: Libc = systemLibc()): WindowSize {
  const size = new Uint16Array(4);
  invoke(libc, `fd ${fd}`, 'ioctl', fd, getSize, new Uint8Array(size.buffer));
  return { rows: size[0] ?? 0, columns: size[1] ?? 0 };
}
