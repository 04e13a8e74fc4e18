// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes } from '../frame/frame-header.ts';
import { maxFramePayloadBytes } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';

/** Which end of a connection sent something, or was recorded. */
export type Side = 'client' | 'server';

/** The version this code writes, and the only one it reads. */
export const recordingVersion = 1;

/** Bytes of a recording's header: magic (8), version (2), zero (2), start in microseconds since 1970 (8), big-endian. */
export const recordingHeaderBytes = 20;

/** The first byte is not ASCII and the last two are a line break, so that a transfer as text is noticed. */
const magic = Uint8Array.of(0x89, 0x74, 0x74, 0x72, 0x70, 0x63, 0x0d, 0x0a);

/** What a record is, its first byte. Readers skip kinds they do not know. */
export const recordKind = {
  /** A connection begins. Body: the side that was recorded (0 client, 1 server), then a name in UTF-8. */
  open: 1,
  /** A frame of the client. Body: the frame as on the wire, header included. */
  clientFrame: 2,
  /** A frame of the server. Body: as above. */
  serverFrame: 3,
  /** A frame of the client above the limit. Body: its header. */
  clientOversized: 4,
  /** A frame of the server above the limit. Body: its header. */
  serverOversized: 5,
  /** What the client sends from here on is not ttRPC and was not recorded. No body. */
  clientGarbage: 6,
  /** What the server sends from here on is not ttRPC and was not recorded. No body. */
  serverGarbage: 7,
  /** Frames that were dropped here because the file was too slow. Body: their number, then their bytes, as varints. */
  lost: 8,
  /** The connection is over. No body. */
  close: 9,
  /** The recording is over. Body: 0 closed by its owner, 1 the file reached its bound. */
  end: 10,
} as const;

/** The longest body of a record: the longest frame. */
export const maxRecordBodyBytes = frameHeaderBytes + maxFramePayloadBytes;

/** The longest head of a record: kind, connection (varint), microseconds since the record before (varint), body length (varint). */
export const maxRecordHeadBytes = 1 + 5 + 8 + 5;

/** What stands before the body of a record. */
export interface RecordHead {
  /** A value of {@link recordKind}, or a number this version does not know. */
  readonly kind: number;
  /** Number of the connection within the recording. */
  readonly connection: number;
  /** Microseconds since the record before. */
  readonly deltaUs: number;
  readonly bodyBytes: number;
  /** Length of the head itself. */
  readonly headBytes: number;
}

/** Builds the header of a recording. */
export function encodeRecordingHeader(startedAtUs: number): Uint8Array {
  const header = Buffer.alloc(recordingHeaderBytes);
  header.set(magic);
  header.writeUInt16BE(recordingVersion, 8);
  header.writeBigUInt64BE(BigInt(startedAtUs), 12);
  return header;
}

/**
 * Reads the header of a recording.
 * @returns when it was started, in microseconds since 1970.
 * @throws TtrpcError `malformed_message` for a file that is none, or of another version.
 */
export function decodeRecordingHeader(bytes: Uint8Array): number {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (header.length < recordingHeaderBytes || !header.subarray(0, magic.length).equals(magic)) {
    throw new TtrpcError('malformed_message', 'file is not a ttRPC recording');
  }
  const version = header.readUInt16BE(8);
  if (version !== recordingVersion) {
    throw new TtrpcError('malformed_message', `recording has version ${version}, not ${recordingVersion}`);
  }
  return Number(header.readBigUInt64BE(12));
}

/** Builds one record; its body is put together from pieces. */
export function encodeRecord(
  kind: number,
  connection: number,
  deltaUs: number,
  ...body: readonly Uint8Array[]
): Uint8Array {
  let bodyBytes = 0;
  for (const piece of body) bodyBytes += piece.length;
  const record = new Uint8Array(maxRecordHeadBytes + bodyBytes);
  record[0] = kind;
  let at = 1;
  for (const value of [connection, deltaUs, bodyBytes]) at = writeVarint(record, at, value);
  for (const piece of body) {
    record.set(piece, at);
    at += piece.length;
  }
  return record.subarray(0, at);
}

/**
 * Reads the head of the record that begins at `offset`.
 * @returns `undefined` when the bytes end inside it.
 * @throws TtrpcError `malformed_message` for numbers out of range.
 */
export function decodeRecordHead(bytes: Uint8Array, offset: number): RecordHead | undefined {
  const kind = bytes[offset];
  const connection = readVarint(bytes, offset + 1);
  const delta = connection && readVarint(bytes, connection.end);
  const body = delta && readVarint(bytes, delta.end);
  if (kind === undefined || connection === undefined || delta === undefined || body === undefined) {
    return undefined;
  }
  if (body.value > maxRecordBodyBytes) {
    throw new TtrpcError('malformed_message', `record announces ${body.value} bytes`);
  }
  return {
    kind,
    connection: connection.value,
    deltaUs: delta.value,
    bodyBytes: body.value,
    headBytes: body.end - offset,
  };
}

/** An unsigned integer up to 2^53 as a varint. */
export function encodeVarint(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}

function writeVarint(target: Uint8Array, offset: number, value: number): number {
  while (value >= 0x80) {
    target[offset++] = (value % 0x80) | 0x80;
    value = Math.floor(value / 0x80);
  }
  target[offset] = value;
  return offset + 1;
}

/**
 * Reads a varint of at most 53 bits.
 * @returns `undefined` when the bytes end inside it.
 * @throws TtrpcError `malformed_message` for a longer one.
 */
export function readVarint(
  bytes: Uint8Array,
  offset: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let at = offset, factor = 1; at < bytes.length; at++, factor *= 0x80) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (!Number.isSafeInteger(value) || at - offset >= 8) {
      throw new TtrpcError('malformed_message', 'number in a recording is out of range');
    }
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
