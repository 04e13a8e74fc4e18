// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import {
  decodeRequestEnvelope,
  decodeResponseEnvelope,
  decodeStatus,
  encodeRequestEnvelope,
  encodeResponseEnvelope,
  encodeStatus,
  TtrpcError,
} from '@hako/ttrpc';
import type { ResponseEnvelope } from '@hako/ttrpc';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import { envelope } from './byte-streams.ts';
import { mutated } from './mutation.ts';

/** What was read must read the same again once it was written by us. */
function roundTrip<Message>(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => Message,
  encode: (message: Message) => Uint8Array,
): void {
  let message: Message;
  try {
    message = decode(bytes);
  } catch (error) {
    assert.ok(error instanceof TtrpcError, `not the typed error: ${String(error)}`);
    assert.equal(error.code, 'malformed_message');
    return;
  }
  assert.deepEqual(decode(encode(message)), message);
}

/** An empty status says what an absent one says, and is written as one. */
function readResponse(bytes: Uint8Array): ResponseEnvelope {
  const { status, payload } = decodeResponseEnvelope(bytes);
  const isEmpty = status?.code === 0 && status.message === '' && status.details.length === 0;
  return { status: isEmpty ? undefined : status, payload };
}

/** The decoders of envelopes. */
export const envelopeTarget: FuzzTarget = {
  name: 'envelope',
  claim: 'bytes give an envelope that survives a round trip, or the typed error',
  property: () =>
    fc.asyncProperty(mutated(envelope), async (bytes) => {
      roundTrip(bytes, decodeRequestEnvelope, encodeRequestEnvelope);
      roundTrip(bytes, readResponse, encodeResponseEnvelope);
      roundTrip(bytes, decodeStatus, encodeStatus);
      return Promise.resolve();
    }),
};
