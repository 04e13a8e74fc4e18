// SPDX-License-Identifier: Apache-2.0
import { encodeBytesField, encodeVarintField, joinBytes } from './wire-format.ts';
import { WireReader } from './wire-reader.ts';

/** `google.protobuf.Any`: a message together with the name of its type. */
export interface AnyMessage {
  /** For example `type.googleapis.com/google.rpc.ErrorInfo`. */
  readonly typeUrl: string;
  /** The message, encoded. */
  readonly value: Uint8Array;
}

/** `google.rpc.Status`, field 1 of a Response. */
export interface StatusMessage {
  /** A gRPC status code; 0 is OK. */
  readonly code: number;
  /** Text for people. */
  readonly message: string;
  /** Structured facts about the failure. */
  readonly details: readonly AnyMessage[];
}

const textEncoder = new TextEncoder();

/** Encodes a `google.rpc.Status`, fields in order, default values left out. */
export function encodeStatus(status: StatusMessage): Uint8Array {
  const pieces: Uint8Array[] = [];
  if (status.code !== 0) pieces.push(encodeVarintField(1, BigInt(status.code)));
  if (status.message !== '') pieces.push(encodeBytesField(2, textEncoder.encode(status.message)));
  for (const detail of status.details) pieces.push(encodeBytesField(3, encodeAny(detail)));
  return joinBytes(pieces);
}

/**
 * Decodes a `google.rpc.Status`; unknown fields are skipped.
 * @throws TtrpcError `malformed_message`
 */
export function decodeStatus(source: Uint8Array, start = 0, end = source.length): StatusMessage {
  const reader = new WireReader(source, start, end);
  let code = 0;
  let message = '';
  const details: AnyMessage[] = [];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) code = reader.uint32() | 0;
    else if (tag === 0x12) message = reader.string();
    else if (tag === 0x1a) details.push(decodeAny(source, reader.span(), reader.offset));
    else reader.skip(tag);
  }
  return { code, message, details };
}

function encodeAny(any: AnyMessage): Uint8Array {
  const pieces: Uint8Array[] = [];
  if (any.typeUrl !== '') pieces.push(encodeBytesField(1, textEncoder.encode(any.typeUrl)));
  if (any.value.length > 0) pieces.push(encodeBytesField(2, any.value));
  return joinBytes(pieces);
}

function decodeAny(source: Uint8Array, start: number, end: number): AnyMessage {
  const reader = new WireReader(source, start, end);
  let typeUrl = '';
  let value: Uint8Array = new Uint8Array(0);
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) typeUrl = reader.string();
    else if (tag === 0x12) value = reader.bytes().slice();
    else reader.skip(tag);
  }
  return { typeUrl, value };
}
