// SPDX-License-Identifier: Apache-2.0
import { encodeFrame, encodeRequestEnvelope, encodeResponseEnvelope, encodeStatus } from '@hako/ttrpc';
import { EchoDefinition, EchoMessage } from '@hako/ttrpc/testing';
import * as fc from 'fast-check';

import { mutated } from './mutation.ts';

/** Bytes with the boundaries at which they arrive. */
export interface ByteStream {
  readonly bytes: Uint8Array;
  readonly chunkBytes: number;
  readonly [fc.toStringMethod]: () => string;
}

/** The chunks of a stream. */
export function* chunksOf({ bytes, chunkBytes }: ByteStream): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

const streamId = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 4 }).map((half) => half * 2 + 1) },
  fc.integer({ min: 0, max: 12 }),
  fc.constantFrom(0xffff_ffff, 0xffff_fffe, 0x8000_0001),
);
const frameKind = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 2, 3, 3, 3, 0x43) },
  fc.integer({ min: 0, max: 255 }),
);
const flags = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 7 }) },
  fc.integer({ min: 0, max: 255 }),
);

const message = fc
  .record({
    text: fc.string({ maxLength: 20 }),
    body: fc.uint8Array({ maxLength: 64 }),
    count: fc.constantFrom(0, 1, 3, 0xffff_ffff),
  })
  .map((fields) => EchoMessage.encode(fields).finish());
const payload = fc.oneof({ weight: 3, arbitrary: message }, fc.uint8Array({ maxLength: 64 }));

const request = fc
  .record({
    service: fc.oneof({ weight: 9, arbitrary: fc.constant(EchoDefinition.fullName) }, fc.string()),
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('Unary', 'ServerStream', 'ClientStream', 'BidiStream') },
      fc.string(),
    ),
    payload,
    timeoutNano: fc.constantFrom(0n, 0n, 1n, -1n, 50_000_000n, 2n ** 63n - 1n),
    metadata: fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 2 }),
  })
  .map(encodeRequestEnvelope);

const response = fc
  .record({
    status: fc.option(
      fc.record({ code: fc.integer({ min: -1, max: 20 }), message: fc.string(), details: fc.constant([]) }),
      { nil: undefined },
    ),
    payload,
  })
  .map(encodeResponseEnvelope);

const status = fc
  .record({ code: fc.integer(), message: fc.string(), details: fc.constant([]) })
  .map(encodeStatus);

/** An envelope, a message, or bytes that are neither. */
export const envelope: fc.Arbitrary<Uint8Array> = fc.oneof(request, response, payload, status);

/** A frame whose parts are each for themselves as they should be, most of the time. */
const frame = fc
  .tuple(streamId, frameKind, flags, fc.oneof(request, response, payload))
  .map(([id, kind, bits, bytes]) => encodeFrame(id, kind, bits, bytes));

/**
 * Streams of frames in any order, or inputs of the corpus, both changed in places, in chunks of any size.
 * @param corpus - inputs to begin with.
 */
export function byteStream(corpus: readonly Uint8Array[]): fc.Arbitrary<ByteStream> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: frame },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
    ...(corpus.length > 0 ? [{ weight: 2, arbitrary: fc.constantFrom(...corpus) }] : []),
  );
  const whole = fc
    .array(piece, { maxLength: 12 })
    .map((pieces): Uint8Array => new Uint8Array(Buffer.concat(pieces)));
  const chunkBytes = fc.oneof(fc.constant(1_000_000), fc.integer({ min: 1, max: 40 }));
  return fc.tuple(mutated(whole), chunkBytes).map(([bytes, size]) => ({
    bytes,
    chunkBytes: size,
    [fc.toStringMethod]: () => `${Buffer.from(bytes).toString('hex')} in chunks of ${size}`,
  }));
}
