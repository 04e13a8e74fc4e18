// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxFramePayloadBytes } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { encodeFrame, frameFlag, frameType } from './frame-header.ts';

interface Seen {
  streamId: number;
  type: number;
  flags: number;
  payload: number[] | { oversized: number };
}

function decodeChunks(chunks: Iterable<Uint8Array>, maxFrameBytes = maxFramePayloadBytes) {
  const seen: Seen[] = [];
  const decoder = new FrameDecoder(
    {
      onFrame: (streamId, type, flags, source, start, end) =>
        seen.push({ streamId, type, flags, payload: [...source.subarray(start, end)] }),
      onOversizedFrame: (streamId, type, flags, bytes) =>
        seen.push({ streamId, type, flags, payload: { oversized: bytes } }),
    },
    maxFrameBytes,
  );
  for (const chunk of chunks) decoder.push(chunk);
  return { seen, decoder };
}

// prettier-ignore
const golden = [
  {
    name: 'unary request',
    bytes: [
      0, 0, 0, 3, // payload length
      0, 0, 0, 1, // stream id
      1,          // request
      0,          // no flags: unary
      7, 8, 9,
    ],
    frame: { streamId: 1, type: frameType.request, flags: 0, payload: [7, 8, 9] },
  },
  {
    name: 'response without payload on the highest stream id',
    bytes: [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 2, 0],
    frame: { streamId: 0xffff_ffff, type: frameType.response, flags: 0, payload: [] },
  },
  {
    name: 'end of a stream without a message',
    bytes: [0, 0, 0, 0, 0, 0, 1, 3, 3, 0b101],
    frame: { streamId: 259, type: frameType.data, flags: frameFlag.remoteClosed | frameFlag.noData, payload: [] },
  },
  {
    name: 'request that opens a stream',
    bytes: [0, 0, 0, 1, 0, 0, 0, 5, 1, 0b010, 0xff],
    frame: { streamId: 5, type: frameType.request, flags: frameFlag.remoteOpen, payload: [0xff] },
  },
];

describe('golden frames', () => {
  test.each(golden)('$name decodes', ({ bytes, frame }) => {
    expect(decodeChunks([Uint8Array.from(bytes)]).seen).toEqual([frame]);
  });

  test.each(golden)('$name encodes', ({ bytes, frame }) => {
    const { streamId, type, flags, payload } = frame;
    expect([...encodeFrame(streamId, type, flags, Uint8Array.from(payload))]).toEqual(bytes);
  });
});

const stream = Buffer.concat(golden.map(({ bytes }) => Uint8Array.from(bytes)));
const frames = golden.map(({ frame }) => frame);

describe('chunking', () => {
  test('one byte at a time gives the same frames', () => {
    expect(decodeChunks([...stream].map((byte) => Uint8Array.of(byte))).seen).toEqual(frames);
  });

  test('all frames in one chunk come out in order', () => {
    expect(decodeChunks([stream]).seen).toEqual(frames);
  });

  test('any division of the bytes gives the same frames', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(decodeChunks(chunks).seen).toEqual(frames);
      }),
    );
  });

  test('an end at every offset is at a boundary only behind a frame', () => {
    const boundaries = new Set([0]);
    let at = 0;
    for (const { bytes } of golden) boundaries.add((at += bytes.length));
    for (let offset = 0; offset <= stream.length; offset++) {
      const { decoder, seen } = decodeChunks([stream.subarray(0, offset)]);
      expect({ offset, boundary: decoder.atBoundary }).toEqual({ offset, boundary: boundaries.has(offset) });
      expect(seen.length).toBe([...boundaries].filter((end) => end > 0 && end <= offset).length);
    }
  });

  test('no bytes after stop are looked at, those of the same chunk included', () => {
    const seen: number[] = [];
    const decoder = new FrameDecoder(
      {
        onFrame: (streamId) => {
          seen.push(streamId);
          decoder.stop();
        },
        onOversizedFrame: () => undefined,
      },
      100,
    );
    decoder.push(stream);
    decoder.push(stream);
    expect(seen).toEqual([1]);
  });
});

describe('limits', () => {
  test.each([
    { bytes: 15, expected: Array(15).fill(1) as number[] },
    { bytes: 16, expected: Array(16).fill(1) as number[] },
    { bytes: 17, expected: { oversized: 17 } },
  ])(
    'with a limit of 16 bytes a frame of $bytes is judged exactly, and the next frame lives',
    ({ bytes, expected }) => {
      const long = encodeFrame(3, frameType.data, 0, new Uint8Array(bytes).fill(1));
      for (const chunks of [
        [long, stream],
        [...Buffer.concat([long, stream])].map((byte) => Uint8Array.of(byte)),
      ]) {
        expect(decodeChunks(chunks, 16).seen).toEqual([
          { streamId: 3, type: frameType.data, flags: 0, payload: expected },
          ...frames,
        ]);
      }
    },
  );

  test.each([0x0100_0000, 0x7fff_ffff, 0xffff_ffff])(
    'a length of %d sets the reserved byte and is a violation before anything is allocated',
    (length) => {
      const header = Buffer.alloc(10);
      header.writeUInt32BE(length);
      const before = process.memoryUsage().arrayBuffers;
      expect(() => decodeChunks([header])).toThrow(
        expect.objectContaining({ code: 'protocol_violation' }) as Error,
      );
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
    },
  );

  test('arbitrary bytes make frames or the typed error, nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        try {
          decodeChunks(chunks, 1024);
        } catch (error) {
          expect(error).toBeInstanceOf(TtrpcError);
          expect(error).toMatchObject({ code: 'protocol_violation' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
