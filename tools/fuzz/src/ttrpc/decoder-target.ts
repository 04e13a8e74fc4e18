// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';

import { FrameDecoder, maxFramePayloadBytes, TtrpcError } from '@hako/ttrpc';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import type { ByteStream } from './byte-streams.ts';
import { byteStream, chunksOf } from './byte-streams.ts';

/** Frames, and how it ended. */
function decode(stream: ByteStream): { frames: string[]; end: string } {
  const frames: string[] = [];
  const decoder = new FrameDecoder(
    {
      onFrame: (id, type, flags, source, start, end) => {
        assert.ok(start <= end && end <= source.length, 'a frame lies outside of its chunk');
        frames.push(`${id} ${type} ${flags} ${Buffer.from(source.subarray(start, end)).toString('hex')}`);
      },
      onOversizedFrame: (id, type, flags, bytes) => {
        assert.ok(bytes > maxFramePayloadBytes, 'a frame within the limit is called oversized');
        frames.push(`${id} ${type} ${flags} oversized ${bytes}`);
      },
    },
    maxFramePayloadBytes,
  );
  try {
    for (const chunk of chunksOf(stream)) decoder.push(chunk);
  } catch (error) {
    if (!(error instanceof TtrpcError)) throw error;
    return { frames, end: error.code };
  }
  return { frames, end: decoder.atBoundary ? 'between frames' : 'inside a frame' };
}

/** The frame decoder. */
export const decoderTarget: FuzzTarget = {
  name: 'decoder',
  claim: 'bytes give frames or the typed error, the same whatever the chunks',
  property: (corpus) =>
    fc.asyncProperty(byteStream(corpus), async (stream) => {
      const whole = decode({ ...stream, chunkBytes: Math.max(1, stream.bytes.length) });
      assert.deepEqual(decode(stream), whole);
      return Promise.resolve();
    }),
};
