// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';

const duplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC
const getFlags = 3; // F_GETFL
const setFlags = 4; // F_SETFL
const nonBlocking = 0o4000; // O_NONBLOCK

/** A second, close-on-exec number for the same open file. */
export function duplicateFd(fd: number, libc: Libc): number {
  return invoke(libc, `fd ${fd}`, 'fcntl', fd, duplicateCloseOnExec, 0);
}

/** Sets O_NONBLOCK, which belongs to the open file: every number and process that shares it sees the change. */
export function setNonBlocking(fd: number, libc: Libc): void {
  const flags = invoke(libc, `fd ${fd}`, 'fcntl', fd, getFlags, 0);
  if ((flags & nonBlocking) === 0) invoke(libc, `fd ${fd}`, 'fcntl', fd, setFlags, flags | nonBlocking);
}
