// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';

const maxFds = 8;
const closeReceivedOnExec = 0x40000000; // MSG_CMSG_CLOEXEC
const socketLevel = 1; // SOL_SOCKET
const rights = 1; // SCM_RIGHTS

// One block of memory: struct msghdr (56 bytes on 64-bit Linux), struct iovec, the data, the control messages.
const layout = { header: 0, iovec: 56, data: 72, control: 328, end: 328 + 16 + maxFds * 4 } as const;
const dataBytes = layout.control - layout.data;
const controlBytes = layout.end - layout.control;

/**
 * recvmsg(2): takes one message and the descriptors that came with it, made close-on-exec.
 *
 * @returns the descriptors, owned by the caller; empty when the message had none or the peer has closed.
 * @throws LinuxError `EAGAIN` when no message is there.
 */
export function receiveFds(fd: number, libc: Libc): number[] {
  const memory = new Uint8Array(layout.end);
  const view = new DataView(memory.buffer);
  const base = libc.addressOf(memory);
  view.setBigUint64(layout.header + 16, base + BigInt(layout.iovec), true); // msg_iov
  view.setBigUint64(layout.header + 24, 1n, true); // msg_iovlen
  view.setBigUint64(layout.header + 32, base + BigInt(layout.control), true); // msg_control
  view.setBigUint64(layout.header + 40, BigInt(controlBytes), true); // msg_controllen
  view.setBigUint64(layout.iovec, base + BigInt(layout.data), true);
  view.setBigUint64(layout.iovec + 8, BigInt(dataBytes), true);
  invoke(libc, `fd ${fd}`, 'recvmsg', fd, memory, closeReceivedOnExec);

  const used = Number(view.getBigUint64(layout.header + 40, true));
  if (used < 16) return [];
  const length = Number(view.getBigUint64(layout.control, true));
  const level = view.getInt32(layout.control + 8, true);
  const type = view.getInt32(layout.control + 12, true);
  if (level !== socketLevel || type !== rights) return [];
  const count = Math.floor((Math.min(length, used) - 16) / 4);
  return Array.from({ length: count }, (_, index) => view.getInt32(layout.control + 16 + index * 4, true));
}

/** Keeps one descriptor and closes the others. */
export function keepFirst(fds: readonly number[]): number | undefined {
  const [first, ...others] = fds;
  for (const fd of others) closeSync(fd);
  return first;
}
