// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

const setControllingTty = 0x540e; // TIOCSCTTY

/**
 * setsid(2).
 *
 * @returns the new session's id.
 * @throws LinuxError `EPERM` when this process leads a process group already.
 */
export function startSession(libc: Libc = systemLibc()): number {
  return invoke(libc, undefined, 'setsid');
}

/**
 * ioctl(TIOCSCTTY): makes a terminal the controlling one of the session that this process leads.
 *
 * @throws LinuxError `EPERM` when it controls another session or this process leads none, `ENOTTY`.
 */
export function setControllingTerminal(fd: number, libc: Libc = systemLibc()): void {
  invoke(libc, `fd ${fd}`, 'ioctl', fd, setControllingTty, null);
}
