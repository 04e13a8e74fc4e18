// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';

/** `SCM_MAX_FD` of the kernel. */
const maxFds = 253;
const noSignal = 0x4000; // MSG_NOSIGNAL
const doNotWait = 0x40; // MSG_DONTWAIT
const socketLevel = 1; // SOL_SOCKET
const rights = 1; // SCM_RIGHTS

// One block of memory on 64-bit Linux: struct msghdr, struct iovec, struct cmsghdr with the descriptors, the data.
const headerBytes = 56;
const iovecBytes = 16;
const controlHeaderBytes = 16;

/**
 * sendmsg(2) with SCM_RIGHTS: sends bytes and open files along with the first of them over a unix socket. The caller keeps
 * its descriptors. The message is small, so a socket that cannot take all of it at once is an error, after which the conversation on it cannot go on.
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
  const controlBytes = controlHeaderBytes + fds.length * 4;
  const control = headerBytes + iovecBytes;
  // Control messages end on a multiple of 8.
  const data = control + Math.ceil(controlBytes / 8) * 8;
  const memory = new Uint8Array(data + bytes.length);
  const view = new DataView(memory.buffer);
  const base = libc.addressOf(memory);
  view.setBigUint64(16, base + BigInt(headerBytes), true); // msg_iov
  view.setBigUint64(24, 1n, true); // msg_iovlen
  view.setBigUint64(32, base + BigInt(control), true); // msg_control
  view.setBigUint64(40, BigInt(controlBytes), true); // msg_controllen
  view.setBigUint64(headerBytes, base + BigInt(data), true);
  view.setBigUint64(headerBytes + 8, BigInt(bytes.length), true);
  view.setBigUint64(control, BigInt(controlBytes), true);
  view.setInt32(control + 8, socketLevel, true);
  view.setInt32(control + 12, rights, true);
  for (const [index, fd] of fds.entries()) {
    view.setInt32(control + controlHeaderBytes + index * 4, fd, true);
  }
  memory.set(bytes, data);
  const sent = invoke(libc, operand, 'sendmsg', socketFd, memory, noSignal | doNotWait);
  if (sent === bytes.length) return;
  throw new LinuxError({
    code: 'EAGAIN',
    syscall: 'sendmsg',
    operand,
    detail: `${sent} of ${bytes.length} bytes`,
  });
}
