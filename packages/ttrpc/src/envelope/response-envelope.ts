// SPDX-License-Identifier: Apache-2.0
import type { StatusMessage } from './status-message.ts';
import { decodeStatus, encodeStatus } from './status-message.ts';
import { encodeBytesField, joinBytes } from './wire-format.ts';
import { viewOf, WireReader } from './wire-reader.ts';

/** The message in a response frame (containerd/ttrpc, request.proto, `Response`). */
export interface ResponseEnvelope {
  /** Absent or with code 0: success. */
  readonly status: StatusMessage | undefined;
  /** The encoded reply; empty on failure. */
  readonly payload: Uint8Array;
}

/** The tag of field 2, `payload`. */
export const responsePayloadTag = 0x12;

/** Field 1 of a success as upstream writes it: a Status with nothing in it. */
export const okStatusHead: Uint8Array = Uint8Array.of(0x0a, 0x00);

const noBytes = new Uint8Array(0);

/** Encodes a whole envelope. */
export function encodeResponseEnvelope(envelope: ResponseEnvelope): Uint8Array {
  const pieces: Uint8Array[] = [];
  if (envelope.status !== undefined) pieces.push(encodeBytesField(1, encodeStatus(envelope.status)));
  if (envelope.payload.length > 0) pieces.push(encodeBytesField(2, envelope.payload));
  return joinBytes(pieces);
}

/**
 * Decodes an envelope; `payload` is a view of `source`, unknown fields are skipped.
 * @throws TtrpcError `malformed_message`
 */
export function decodeResponseEnvelope(source: Uint8Array, start = 0, end = source.length): ResponseEnvelope {
  const reader = new WireReader(source, start, end);
  let status: StatusMessage | undefined;
  let payloadStart = 0;
  let payloadEnd = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) {
      const statusStart = reader.span();
      // The status of a success is empty; reading it is not worth an object.
      if (reader.offset > statusStart) status = decodeStatus(source, statusStart, reader.offset);
    } else if (tag === responsePayloadTag) {
      payloadStart = reader.span();
      payloadEnd = reader.offset;
    } else {
      reader.skip(tag);
    }
  }
  return {
    status,
    payload: payloadEnd === payloadStart ? noBytes : viewOf(source, payloadStart, payloadEnd),
  };
}
