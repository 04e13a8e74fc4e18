// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { openSocket, socketFamilies, socketTypes } from './socket.ts';

const getInterfaceFlags = 0x8913; // SIOCGIFFLAGS
const setInterfaceFlags = 0x8914; // SIOCSIFFLAGS
const interfaceUp = 0x1; // IFF_UP
const requestBytes = 40; // struct ifreq: 16 bytes of name, then the flags
const flagsOffset = 16;

/** Sets the interface `lo` of this network namespace up, which also gives it 127.0.0.1 and ::1. */
export function bringLoopbackUp(libc: Libc = systemLibc()): void {
  const fd = openSocket(socketFamilies.inet, socketTypes.datagram, 0, libc);
  try {
    const request = new Uint8Array(requestBytes);
    request.set(Buffer.from('lo'));
    invoke(libc, 'lo', 'ioctl', fd, getInterfaceFlags, request);
    const view = new DataView(request.buffer);
    view.setInt16(flagsOffset, view.getInt16(flagsOffset, true) | interfaceUp, true);
    invoke(libc, 'lo', 'ioctl', fd, setInterfaceFlags, request);
  } finally {
    closeSync(fd);
  }
}
