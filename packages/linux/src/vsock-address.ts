// SPDX-License-Identifier: Apache-2.0
import { socketFamilies } from './socket.ts';

/** One end of a vsock connection, see vsock(7). */
export interface VsockAddress {
  /** Context id of the machine: 2 the host, 3 and above guests, 1 this machine itself (with vsock_loopback). */
  readonly cid: number;
  readonly port: number;
}

/** VMADDR_CID_ANY and VMADDR_PORT_ANY. */
export const vsockAny = 0xffffffff;
/** Size of struct sockaddr_vm. */
export const vsockAddressBytes = 16;

/** struct sockaddr_vm. */
export function encodeVsockAddress({ cid, port }: VsockAddress): Uint8Array {
  const bytes = new Uint8Array(vsockAddressBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, socketFamilies.vsock, true);
  view.setUint32(4, port, true);
  view.setUint32(8, cid, true);
  return bytes;
}

/** Reads a struct sockaddr_vm of at least {@link vsockAddressBytes}. */
export function decodeVsockAddress(bytes: Uint8Array): VsockAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { port: view.getUint32(4, true), cid: view.getUint32(8, true) };
}
