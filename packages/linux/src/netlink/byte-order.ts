// SPDX-License-Identifier: Apache-2.0

/** Whether this machine stores the low byte first: netlink speaks the host's own order. */
export const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 32-bit number in the host's order. */
export function encodeUint32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
