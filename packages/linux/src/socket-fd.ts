// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { LinuxError } from './linux-error.ts';

/**
 * The descriptor under a connected socket of `node:net`, which stays the socket's: Node has no public word for it.
 *
 * @throws LinuxError `EBADF` when the stream is no socket, or closed.
 */
export function socketFd(socket: Duplex): number {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  const fd: unknown = typeof handle === 'object' && handle !== null && 'fd' in handle ? handle.fd : undefined;
  if (typeof fd === 'number' && fd >= 0) return fd;
  throw new LinuxError({ code: 'EBADF', syscall: 'socketFd', detail: 'no open socket' });
}
