// SPDX-License-Identifier: Apache-2.0
import { isLittleEndian, viewOf } from './byte-order.ts';
import { align, malformed } from './message.ts';

/** A number and its bytes; the meaning of the number depends on the message. */
export type Attribute = readonly [type: number, value: Uint8Array];

/** Attributes by number. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

const headerBytes = 4;
/** The two highest bits are marks (nested, network byte order). */
const typeMask = 0x3fff;

/** Writes attributes one after another, each padded to four bytes. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const sizes = attributes.map(([, value]) => align(headerBytes + value.length));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = viewOf(bytes);
  let offset = 0;
  attributes.forEach(([type, value], index) => {
    view.setUint16(offset, headerBytes + value.length, isLittleEndian);
    view.setUint16(offset + 2, type, isLittleEndian);
    bytes.set(value, offset + headerBytes);
    offset += sizes[index] ?? 0;
  });
  return bytes;
}

/**
 * Reads attributes to the end of the bytes; of several with one number the last counts. Values are parts of `bytes`.
 *
 * @throws LinuxError `EBADMSG` when a length leads out of the bytes
 */
export function decodeAttributes(bytes: Uint8Array): Attributes {
  const view = viewOf(bytes);
  const attributes = new Map<number, Uint8Array>();
  for (let offset = 0; offset < bytes.length;) {
    const left = bytes.length - offset;
    const length = left < headerBytes ? 0 : view.getUint16(offset, isLittleEndian);
    if (length < headerBytes || length > left) {
      throw malformed(`attribute of ${length} bytes where ${left} are left`);
    }
    const type = view.getUint16(offset + 2, isLittleEndian) & typeMask;
    attributes.set(type, bytes.subarray(offset + headerBytes, offset + length));
    offset += align(length);
  }
  return attributes;
}

/** An attribute that holds a 32-bit number; undefined when it is missing or has another size. */
export function uint32Of(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  return value?.length === 4 ? viewOf(value).getUint32(0, isLittleEndian) : undefined;
}

/** An attribute that holds text ended by NUL; undefined when it is missing. */
export function textOf(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString('utf8');
}

/** Text as the kernel wants it: ended by NUL. */
export function encodeText(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'utf8');
}
