// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { connectSocket } from './connect-socket.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { openSocket, socketFamilies, socketTypes } from './socket.ts';
import { createSocketStream } from './socket-stream.ts';
import { encodeVsockAddress, type VsockAddress } from './vsock-address.ts';
import type { WaitOptions } from './wait-options.ts';

/**
 * Connects to a vsock address; one attempt, no retry. Without a limit of the caller's the kernel gives up after 2 s.
 *
 * Rejects with LinuxError: `ECONNRESET` nobody listens, `ENODEV` or `EAFNOSUPPORT` no vsock here, `ETIMEDOUT`,
 * `aborted`, `timed_out`.
 */
export type VsockDialer = (address: VsockAddress, options?: WaitOptions) => Promise<Duplex>;

/** Makes a dialer for AF_VSOCK, which Node itself cannot speak. */
export function createVsockDialer(libc: Libc = systemLibc()): VsockDialer {
  return async (address, options = {}) => {
    const fd = openSocket(socketFamilies.vsock, socketTypes.stream, 0, libc);
    try {
      const operand = `vsock://${address.cid}:${address.port}`;
      await connectSocket(fd, encodeVsockAddress(address), operand, options, libc);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return createSocketStream(fd, libc);
  };
}
