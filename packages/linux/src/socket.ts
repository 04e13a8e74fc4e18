// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';

/** Address families of socket(2). */
export const socketFamilies = { unix: 1, inet: 2, netlink: 16, vsock: 40 } as const;
/** Socket types of socket(2). */
export const socketTypes = { stream: 1, datagram: 2 } as const;

const nonBlocking = 0o4000; // SOCK_NONBLOCK
const closeOnExec = 0o2000000; // SOCK_CLOEXEC
/** Both flags, as socket(2) and accept4(2) take them. */
export const socketFlags = nonBlocking | closeOnExec;

/**
 * Opens a non-blocking, close-on-exec socket.
 *
 * @throws LinuxError `EAFNOSUPPORT` when the kernel lacks the family.
 */
export function openSocket(family: number, type: number, protocol: number, libc: Libc): number {
  const name = Object.entries(socketFamilies).find(([, value]) => value === family)?.[0];
  return invoke(libc, name, 'socket', family, type | socketFlags, protocol);
}
