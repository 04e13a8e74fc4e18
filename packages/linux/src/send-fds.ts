// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';
import { controlHeaderBytes, descriptorRights, SocketMessage } from './socket-message.ts';

/** `SCM_MAX_FD` of the kernel. */
const maxFds = 253;
const noSignal = 0x4000; // MSG_NOSIGNAL
const doNotWait = 0x40; // MSG_DONTWAIT

/**
 * sendmsg(2) with SCM_RIGHTS: sends bytes and open files along with the first of them over a unix socket. The caller keeps
 * its descriptors. The message is small, so a socket that cannot take all of it at once is an error, after which the
 * conversation on it cannot go on.
 *
 * @throws LinuxError `EAGAIN` when the socket is full, `EPIPE` when the peer has closed, `EBADF`, `invalid_argument` for
 * an empty message and for no or too many descriptors.
 */
export function sendFds(
  socketFd: number,
  bytes: Uint8Array,
  fds: readonly number[],
  libc: Libc = systemLibc(),
): void {
  const operand = `fd ${socketFd}`;
  if (bytes.length === 0 || fds.length === 0 || fds.length > maxFds) {
    throw new LinuxError({ code: 'invalid_argument', syscall: 'sendmsg', operand });
  }
  const { memory, control, data } = new SocketMessage(
    libc,
    controlHeaderBytes + fds.length * 4,
    bytes.length,
  );
  control.setBigUint64(0, BigInt(control.byteLength), true);
  control.setInt32(8, descriptorRights.level, true);
  control.setInt32(12, descriptorRights.type, true);
  for (const [index, fd] of fds.entries()) control.setInt32(controlHeaderBytes + index * 4, fd, true);
  data.set(bytes);
  const sent = invoke(libc, operand, 'sendmsg', socketFd, memory, noSignal | doNotWait);
  if (sent === bytes.length) return;
  throw new LinuxError({
    code: 'EAGAIN',
    syscall: 'sendmsg',
    operand,
    detail: `${sent} of ${bytes.length} bytes`,
  });
}
