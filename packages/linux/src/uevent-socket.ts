// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { invoke, systemError } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { openSocket, socketFamilies, socketTypes } from './socket.ts';
import { parseUevent, type Uevent } from './uevent.ts';

/** The kernel's device events, from the opening of the socket on. */
export interface UeventSocket extends AsyncIterable<Uevent>, AsyncDisposable {
  /** Ends the iteration. Idempotent. */
  close(): void;
}

/** What {@link openUeventSocket} takes. */
export interface UeventSocketOptions {
  /** Events wait in the kernel until they are iterated; this much of them. Default 1 MiB. */
  readonly receiveBufferBytes?: number;
  /** Called when the buffer was full and the kernel dropped events: look into sysfs for what was missed. */
  readonly onOverflow?: () => void;
}

const kobjectUevent = 15; // NETLINK_KOBJECT_UEVENT
const kernelGroup = 1;
const kernelPid = 0;
const socketLevel = 1; // SOL_SOCKET
const forceReceiveBuffer = 33; // SO_RCVBUFFORCE
const addressBytes = 12; // struct sockaddr_nl: family, padding, pid, groups
const pidOffset = 4;
const maxDatagramBytes = 16 * 1024; // the kernel itself stops at 2 KiB of properties and a path

/**
 * Subscribes to uevents of the kernel. Messages of other senders are dropped. Iterate it once; a second iteration
 * shares the events with the first.
 *
 * @throws LinuxError of socket(2), bind(2); `EPERM` without CAP_NET_ADMIN for the buffer.
 */
export function openUeventSocket(
  { receiveBufferBytes = 1024 * 1024, onOverflow }: UeventSocketOptions = {},
  libc: Libc = systemLibc(),
): UeventSocket {
  const fd = openSocket(socketFamilies.netlink, socketTypes.datagram, kobjectUevent, libc);
  try {
    const bufferSize = new Uint8Array(Int32Array.of(receiveBufferBytes).buffer);
    invoke(libc, 'uevents', 'setsockopt', fd, socketLevel, forceReceiveBuffer, bufferSize, bufferSize.length);
    const address = new Uint8Array(addressBytes);
    const view = new DataView(address.buffer);
    view.setUint16(0, socketFamilies.netlink, true);
    view.setUint32(8, kernelGroup, true);
    invoke(libc, 'uevents', 'bind', fd, address, address.length);
  } catch (error) {
    closeSync(fd);
    throw error;
  }

  const poll = libc.poller.open(fd);
  const datagram = new Uint8Array(maxDatagramBytes);
  let wake: (() => void) | undefined;
  let closed = false;

  const close = (): void => {
    if (closed) return;
    closed = true;
    poll.close();
    closeSync(fd);
    wake?.();
  };

  const readable = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      poll.wait('readable', resolve);
    });

  /** @returns `undefined` for a message to skip, `'empty'` when none is there. */
  const receive = (): Uevent | 'empty' | undefined => {
    const sender = new Uint8Array(addressBytes);
    const senderLength = new Uint8Array(Uint32Array.of(addressBytes).buffer);
    const length = libc.call('recvfrom', fd, datagram, datagram.length, 0, sender, senderLength);
    if (length === -1) {
      const error = systemError(libc, 'recvfrom', 'uevents');
      if (error.code === 'EAGAIN') return 'empty';
      if (error.code !== 'ENOBUFS') throw error;
      onOverflow?.();
      return undefined;
    }
    if (new DataView(sender.buffer).getUint32(pidOffset, true) !== kernelPid) return undefined;
    return parseUevent(datagram.subarray(0, length));
  };

  return {
    async *[Symbol.asyncIterator]() {
      while (!closed) {
        const event = receive();
        if (event === 'empty') await readable();
        else if (event !== undefined) yield event;
      }
    },
    close,
    [Symbol.asyncDispose]() {
      close();
      return Promise.resolve();
    },
  };
}
