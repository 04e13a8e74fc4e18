// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';
import { controlHeaderBytes, descriptorRights, SocketMessage } from './socket-message.ts';

const maxFds = 8;
const dataBytes = 256;
const closeReceivedOnExec = 0x40000000; // MSG_CMSG_CLOEXEC

/**
 * recvmsg(2): takes one message and the descriptors that came with it, made close-on-exec.
 *
 * @returns the descriptors, owned by the caller; empty when the message had none or the peer has closed.
 * @throws LinuxError `EAGAIN` when no message is there.
 */
export function receiveFds(fd: number, libc: Libc): number[] {
  const message = new SocketMessage(libc, controlHeaderBytes + maxFds * 4, dataBytes);
  invoke(libc, `fd ${fd}`, 'recvmsg', fd, message.memory, closeReceivedOnExec);

  const { control, controlLength } = message;
  if (controlLength < controlHeaderBytes) return [];
  const length = Number(control.getBigUint64(0, true));
  const level = control.getInt32(8, true);
  const type = control.getInt32(12, true);
  if (level !== descriptorRights.level || type !== descriptorRights.type) return [];
  const count = Math.floor((Math.min(length, controlLength) - controlHeaderBytes) / 4);
  return Array.from({ length: count }, (_, index) => control.getInt32(controlHeaderBytes + index * 4, true));
}

/** Keeps one descriptor and closes the others. */
export function keepFirst(fds: readonly number[]): number | undefined {
  const [first, ...others] = fds;
  for (const fd of others) closeSync(fd);
  return first;
}
