// SPDX-License-Identifier: Apache-2.0
import { encodeBytesField, encodeVarintField, joinBytes } from './wire-format.ts';
import { decodeText, viewOf, WireReader } from './wire-reader.ts';

/** One pair of a request's metadata; a key occurs once for each of its values. */
export interface KeyValue {
  /** Lower-case name. */
  readonly key: string;
  /** Text; binary values are base64 and their key ends in `-bin`, as in gRPC. */
  readonly value: string;
}

/** The message in a request frame (containerd/ttrpc, request.proto, `Request`). */
export interface RequestEnvelope {
  /** Full dotted name of the service, for example `grpc.AgentService`. */
  readonly service: string;
  /** Bare name of the method. */
  readonly method: string;
  /** The encoded request message; empty when all its fields have default values. */
  readonly payload: Uint8Array;
  /** Time the server has for the call, in nanoseconds; 0 means no limit. */
  readonly timeoutNano: bigint;
  /** Metadata in the order sent. */
  readonly metadata: readonly KeyValue[];
}

/** The tag of field 3, `payload`. */
export const requestPayloadTag = 0x1a;

const textEncoder = new TextEncoder();
const noPairs: readonly KeyValue[] = [];
const noBytes = new Uint8Array(0);

/** Fields 1 and 2: the same bytes for every call of a method. */
export function encodeRequestHead(service: string, method: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  if (service !== '') pieces.push(encodeBytesField(1, textEncoder.encode(service)));
  if (method !== '') pieces.push(encodeBytesField(2, textEncoder.encode(method)));
  return joinBytes(pieces);
}

/** Fields 4 and 5: what differs from call to call behind the payload. */
export function encodeRequestTail(timeoutNano: bigint, metadata: readonly KeyValue[]): Uint8Array {
  if (timeoutNano === 0n && metadata.length === 0) return noBytes;
  const pieces: Uint8Array[] = [];
  if (timeoutNano !== 0n) pieces.push(encodeVarintField(4, timeoutNano));
  for (const pair of metadata) pieces.push(encodeBytesField(5, encodeKeyValue(pair)));
  return joinBytes(pieces);
}

/** Encodes a whole envelope, fields in order, default values left out. */
export function encodeRequestEnvelope(envelope: RequestEnvelope): Uint8Array {
  const pieces = [encodeRequestHead(envelope.service, envelope.method)];
  if (envelope.payload.length > 0) pieces.push(encodeBytesField(3, envelope.payload));
  pieces.push(encodeRequestTail(envelope.timeoutNano, envelope.metadata));
  return joinBytes(pieces);
}

/** Where the parts of an encoded envelope lie: what a server needs to find the method without making strings. */
export interface RequestSpans {
  readonly source: Uint8Array;
  readonly serviceStart: number;
  readonly serviceEnd: number;
  readonly methodStart: number;
  readonly methodEnd: number;
  /** See {@link RequestEnvelope.payload}. */
  readonly payload: Uint8Array;
  /** See {@link RequestEnvelope.timeoutNano}. */
  readonly timeoutNano: bigint;
  /** See {@link RequestEnvelope.metadata}. */
  readonly metadata: readonly KeyValue[];
}

/**
 * Walks over an envelope; `payload` is a view of `source`, unknown fields are skipped.
 * @throws TtrpcError `malformed_message`
 */
export function readRequestEnvelope(source: Uint8Array, start: number, end: number): RequestSpans {
  const reader = new WireReader(source, start, end);
  let serviceStart = 0;
  let serviceEnd = 0;
  let methodStart = 0;
  let methodEnd = 0;
  let payloadStart = 0;
  let payloadEnd = 0;
  let timeoutNano = 0n;
  let metadata: KeyValue[] | undefined;
  while (reader.more) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        serviceStart = reader.span();
        serviceEnd = reader.offset;
        break;
      case 0x12:
        methodStart = reader.span();
        methodEnd = reader.offset;
        break;
      case requestPayloadTag:
        payloadStart = reader.span();
        payloadEnd = reader.offset;
        break;
      case 0x20:
        timeoutNano = reader.int64();
        break;
      case 0x2a:
        (metadata ??= []).push(decodeKeyValue(source, reader.span(), reader.offset));
        break;
      default:
        reader.skip(tag);
    }
  }
  return {
    source,
    serviceStart,
    serviceEnd,
    methodStart,
    methodEnd,
    payload: payloadEnd === payloadStart ? noBytes : viewOf(source, payloadStart, payloadEnd),
    timeoutNano,
    metadata: metadata ?? noPairs,
  };
}

/**
 * Decodes an envelope; `payload` is a view of `source`, unknown fields are skipped.
 * @throws TtrpcError `malformed_message`
 */
export function decodeRequestEnvelope(source: Uint8Array, start = 0, end = source.length): RequestEnvelope {
  const spans = readRequestEnvelope(source, start, end);
  return {
    service: decodeText(source, spans.serviceStart, spans.serviceEnd),
    method: decodeText(source, spans.methodStart, spans.methodEnd),
    payload: spans.payload,
    timeoutNano: spans.timeoutNano,
    metadata: spans.metadata,
  };
}

function encodeKeyValue(pair: KeyValue): Uint8Array {
  const pieces: Uint8Array[] = [];
  if (pair.key !== '') pieces.push(encodeBytesField(1, textEncoder.encode(pair.key)));
  if (pair.value !== '') pieces.push(encodeBytesField(2, textEncoder.encode(pair.value)));
  return joinBytes(pieces);
}

function decodeKeyValue(source: Uint8Array, start: number, end: number): KeyValue {
  const reader = new WireReader(source, start, end);
  let key = '';
  let value = '';
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) key = reader.string();
    else if (tag === 0x12) value = reader.string();
    else reader.skip(tag);
  }
  return { key, value };
}
