// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { invoke } from '../ffi/invoke.ts';
import type { Libc } from '../ffi/libc.ts';
import { errnoName, LinuxError } from '../linux-error.ts';
import { openSocket, socketFamilies, socketTypes } from '../socket.ts';
import { type Acknowledgement, decodeAcknowledgement } from './acknowledgement.ts';
import { isLittleEndian, viewOf } from './byte-order.ts';
import { controlTypes, decodeMessages, encodeMessage, messageFlags, type NetlinkMessage } from './message.ts';

/** A request, with words for its error. */
export interface NetlinkRequest {
  readonly type: number;
  /** Beside those that every request has. */
  readonly flags?: number;
  readonly payload: Uint8Array;
  /** The name of the type, such as `RTM_NEWROUTE`. */
  readonly name: string;
  /** What it is about. */
  readonly operand?: string | undefined;
}

/** A netlink socket for questions that the kernel answers while they are sent. */
export interface NetlinkExchange extends Disposable {
  /** Sends a change and reads its acknowledgement. @throws LinuxError with the errno and the text of the kernel */
  change(request: NetlinkRequest): void;
  /**
   * Sends a query and gives the payloads of its answers. One that the kernel found to have changed meanwhile is asked
   * again.
   *
   * @throws LinuxError; `EMSGSIZE` for more than {@link maxListBytes}
   */
  list(request: NetlinkRequest): readonly Uint8Array[];
}

const socketLevel = 270; // SOL_NETLINK
const options = { capAnswers: 10, extendedAnswers: 11, strictChecks: 12 } as const; // NETLINK_*
const reportLength = 0x20; // MSG_TRUNC: recvfrom gives the length the datagram had
const addressBytes = 12; // struct sockaddr_nl
const portOffset = 4;
/** The kernel fills no datagram of a list beyond this. */
const maxDatagramBytes = 32 * 1024;
/** What a list may have: some 100,000 routes. */
export const maxListBytes = 16 * 1024 * 1024;
const maxListAttempts = 5;

/**
 * Opens a socket of one netlink protocol. rtnetlink does its work inside sendmsg(2): the answer is there when the call is
 * over, so nothing here waits, save for the kernel's own lock.
 *
 * @throws LinuxError
 */
export function openNetlinkExchange(protocol: number, libc: Libc): NetlinkExchange {
  const fd = openSocket(socketFamilies.netlink, socketTypes.datagram, protocol, libc);
  try {
    const on = new Uint8Array(Int32Array.of(1).buffer);
    for (const option of Object.values(options))
      invoke(libc, 'netlink', 'setsockopt', fd, socketLevel, option, on, on.length);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  const buffer = new Uint8Array(maxDatagramBytes);
  let sequence = 0;
  let closed = false;

  function send({ type, payload, name, operand }: NetlinkRequest, flags: number): void {
    if (closed) throw new LinuxError({ code: 'closed', syscall: name, operand });
    sequence += 1;
    const message = encodeMessage({ type, flags: flags | messageFlags.request, sequence, payload });
    invoke(libc, operand ?? name, 'write', fd, message, message.length);
  }

  /** The next datagram's messages that answer the last request. Others are left over from a list that failed. */
  function receive({ name, operand }: NetlinkRequest): readonly NetlinkMessage[] {
    for (;;) {
      const sender = new Uint8Array(addressBytes);
      const senderLength = new Uint8Array(Uint32Array.of(addressBytes).buffer);
      const { length: size } = buffer;
      const length = invoke(
        libc,
        operand ?? name,
        'recvfrom',
        fd,
        buffer,
        size,
        reportLength,
        sender,
        senderLength,
      );
      if (length > size) throw new LinuxError({ code: 'EMSGSIZE', syscall: name, operand });
      if (viewOf(sender).getUint32(portOffset, isLittleEndian) !== 0) continue; // not from the kernel
      const answers = decodeMessages(buffer.slice(0, length)).filter(
        (message) => message.sequence === sequence,
      );
      if (answers.length > 0) return answers;
    }
  }

  function check({ name, operand }: NetlinkRequest, { errno, text }: Acknowledgement): void {
    if (errno === 0) return;
    throw new LinuxError({ code: errnoName(errno), errno, syscall: name, operand, detail: text });
  }

  /** @returns undefined for a list that changed while it was read. */
  function listOnce(request: NetlinkRequest): readonly Uint8Array[] | undefined {
    send(request, messageFlags.dump);
    const payloads: Uint8Array[] = [];
    let bytes = 0;
    let isConsistent = true;
    for (;;) {
      for (const message of receive(request)) {
        if ((message.flags & messageFlags.dumpInterrupted) !== 0) isConsistent = false;
        if (message.type === controlTypes.done || message.type === controlTypes.error) {
          const kind = message.type === controlTypes.done ? 'done' : 'error';
          check(request, decodeAcknowledgement(message, kind));
          return isConsistent ? payloads : undefined;
        }
        bytes += message.payload.length;
        if (bytes > maxListBytes)
          throw new LinuxError({ code: 'EMSGSIZE', syscall: request.name, operand: request.operand });
        if (message.type > controlTypes.overrun) payloads.push(message.payload);
      }
    }
  }

  return {
    change(request) {
      send(request, (request.flags ?? 0) | messageFlags.acknowledge);
      for (;;) {
        const answer = receive(request).find(({ type }) => type === controlTypes.error);
        if (answer === undefined) continue;
        check(request, decodeAcknowledgement(answer, 'error'));
        return;
      }
    },
    list(request) {
      for (let attempt = 0; attempt < maxListAttempts; attempt += 1) {
        const payloads = listOnce(request);
        if (payloads !== undefined) return payloads;
      }
      throw new LinuxError({
        code: 'EAGAIN',
        syscall: request.name,
        operand: request.operand,
        detail: `changed while it was read, ${maxListAttempts} times`,
      });
    },
    [Symbol.dispose]() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}
