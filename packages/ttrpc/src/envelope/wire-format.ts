// SPDX-License-Identifier: Apache-2.0
import { TtrpcError } from '../ttrpc-error.ts';

/** Protobuf's wire types that occur in envelopes (protobuf.dev, "Encoding"). */
export const wireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** Bytes an unsigned 32-bit value takes as a varint. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes an unsigned 32-bit value as a varint; returns the offset behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  while (value >= 0x80) {
    target[offset++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[offset] = value;
  return offset + 1;
}

/** Writes a 64-bit value (negative ones in two's complement) as a varint; returns the offset behind it. */
export function writeVarint64(target: Uint8Array, offset: number, value: bigint): number {
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    target[offset++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  target[offset] = Number(rest);
  return offset + 1;
}

/** Bytes a 64-bit value takes as a varint. */
export function varint64Bytes(value: bigint): number {
  let bytes = 1;
  for (let rest = BigInt.asUintN(64, value) >> 7n; rest > 0n; rest >>= 7n) bytes++;
  return bytes;
}

/** A length-delimited field whole: tag, length, bytes. */
export function encodeBytesField(field: number, bytes: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(1 + varintBytes(bytes.length) + bytes.length);
  encoded[0] = (field << 3) | wireType.lengthDelimited;
  encoded.set(bytes, writeVarint(encoded, 1, bytes.length));
  return encoded;
}

/** A varint field whole: tag and value. */
export function encodeVarintField(field: number, value: bigint): Uint8Array {
  const encoded = new Uint8Array(1 + varint64Bytes(value));
  encoded[0] = field << 3;
  writeVarint64(encoded, 1, value);
  return encoded;
}

/** Puts pieces of an envelope one behind the other. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const first = pieces[0];
  if (pieces.length === 1 && first !== undefined) return first;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** The error for bytes that are not the protobuf message they should be. */
export function malformed(what: string, cause?: unknown): TtrpcError {
  return new TtrpcError('malformed_message', what, cause === undefined ? {} : { cause });
}
