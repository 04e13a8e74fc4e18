// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';
import { isLittleEndian, viewOf } from './byte-order.ts';

/** One message of netlink(7). */
export interface NetlinkMessage {
  /** Such as `RTM_NEWLINK`, or one of {@link controlTypes}. */
  readonly type: number;
  /** Bits of {@link messageFlags}. */
  readonly flags: number;
  /** An answer has the number of its request. */
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Types below those of a protocol family. Source: <linux/netlink.h>. */
export const controlTypes = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Flags of a message; the meaning of the high ones depends on the type. Source: <linux/netlink.h>. */
export const messageFlags = {
  request: 0x1,
  acknowledge: 0x4,
  dumpInterrupted: 0x10,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  cappedAnswer: 0x100,
  answerAttributes: 0x200,
} as const;

/** Size of struct nlmsghdr: length, type, flags, sequence, port. */
export const messageHeaderBytes = 16;

/** Messages and attributes begin at multiples of four. */
export function align(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** Writes one message, for the kernel as the receiver. */
export function encodeMessage({ type, flags, sequence, payload }: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(messageHeaderBytes + align(payload.length));
  const view = viewOf(bytes);
  view.setUint32(0, messageHeaderBytes + payload.length, isLittleEndian);
  view.setUint16(4, type, isLittleEndian);
  view.setUint16(6, flags, isLittleEndian);
  view.setUint32(8, sequence, isLittleEndian);
  bytes.set(payload, messageHeaderBytes);
  return bytes;
}

/**
 * Reads all messages of a datagram. Their payloads are parts of it.
 *
 * @throws LinuxError `EBADMSG` when a length leads out of the datagram
 */
export function decodeMessages(datagram: Uint8Array): readonly NetlinkMessage[] {
  const view = viewOf(datagram);
  const messages: NetlinkMessage[] = [];
  for (let offset = 0; offset < datagram.length;) {
    const left = datagram.length - offset;
    const length = left < messageHeaderBytes ? 0 : view.getUint32(offset, isLittleEndian);
    if (length < messageHeaderBytes || length > left) {
      throw malformed(`message of ${length} bytes where ${left} are left`);
    }
    messages.push({
      type: view.getUint16(offset + 4, isLittleEndian),
      flags: view.getUint16(offset + 6, isLittleEndian),
      sequence: view.getUint32(offset + 8, isLittleEndian),
      payload: datagram.subarray(offset + messageHeaderBytes, offset + length),
    });
    offset += align(length);
  }
  return messages;
}

/** The error for bytes that are not what netlink(7) says. */
export function malformed(detail: string): LinuxError {
  return new LinuxError({ code: 'EBADMSG', syscall: 'netlink', detail });
}
