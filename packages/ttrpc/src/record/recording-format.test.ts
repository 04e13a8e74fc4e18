// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../frame/frame-header.ts';
import { collect } from '../testing/collect.ts';
import { createTemporaryDirectory } from '../testing/temporary-directory.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { RecordedEvent } from './read-recording.ts';
import { openRecording } from './read-recording.ts';
import {
  decodeRecordHead,
  encodeRecord,
  encodeRecordingHeader,
  encodeVarint,
  readVarint,
  recordKind,
} from './recording-format.ts';

// prettier-ignore
const header = [
  0x89, 0x74, 0x74, 0x72, 0x70, 0x63, 0x0d, 0x0a, // magic: 0x89, "ttrpc", CR, LF
  0, 1,                                           // version
  0, 0,                                           // reserved
  0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0x00,             // begun 1,000 s after the epoch, in microseconds
];

// prettier-ignore
const records: readonly { name: string; bytes: number[]; event: RecordedEvent }[] = [
  {
    name: 'a connection whose client end is recorded',
    bytes: [1, 0, 0, 6, 0, ...Buffer.from('agent')], // kind, connection, microseconds, body length; side, name
    event: { kind: 'open', connection: 0, atUs: 0, side: 'client', name: 'agent' },
  },
  {
    name: 'a second connection whose server end is recorded',
    bytes: [1, 1, 5, 1, 1],
    event: { kind: 'open', connection: 1, atUs: 5, side: 'server', name: '' },
  },
  {
    name: 'a frame of the client, 300 microseconds later',
    bytes: [2, 0, 0xac, 0x02, 12, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 7, 8],
    event: { kind: 'frame', connection: 0, atUs: 305, from: 'client', streamId: 1, type: 1, flags: 0, payload: Uint8Array.of(7, 8) },
  },
  {
    name: 'a frame of the server without payload',
    bytes: [3, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 3, 5],
    event: { kind: 'frame', connection: 0, atUs: 305, from: 'server', streamId: 1, type: 3, flags: 5, payload: new Uint8Array(0) },
  },
  {
    name: 'a frame above the limit, of which the header is kept',
    bytes: [4, 1, 0, 10, 0, 0x40, 0, 1, 0, 0, 0, 3, 1, 0],
    event: { kind: 'oversized', connection: 1, atUs: 305, from: 'client', streamId: 3, type: 1, flags: 0, payloadBytes: 4_194_305 },
  },
  { name: 'garbage', bytes: [7, 1, 0, 0], event: { kind: 'garbage', connection: 1, atUs: 305, from: 'server' } },
  {
    name: 'a gap',
    bytes: [8, 0, 0, 3, 2, 0x80, 0x01],
    event: { kind: 'lost', connection: 0, atUs: 305, frames: 2, bytes: 128 },
  },
  { name: 'the end of a connection', bytes: [9, 0, 1, 0], event: { kind: 'close', connection: 0, atUs: 306 } },
  { name: 'the end', bytes: [10, 0, 0, 1, 0], event: { kind: 'end', connection: 0, atUs: 306, reason: 'closed' } },
];

async function read(bytes: Uint8Array): Promise<{ startedAt: Date; events: RecordedEvent[] }> {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, 'recording');
  await writeFile(path, bytes);
  await using recording = await openRecording(path);
  return { startedAt: recording.startedAt, events: await collect(recording.events) };
}

const whole = Uint8Array.from([...header, ...records.flatMap(({ bytes }) => bytes)]);

describe('golden recording', () => {
  test('reads as the events it is annotated with', async () => {
    const { startedAt, events } = await read(whole);
    expect(startedAt).toEqual(new Date(1000_000));
    expect(
      events.map((event) => ('payload' in event ? { ...event, payload: [...event.payload] } : event)),
    ).toEqual(
      records.map(({ event }) => ('payload' in event ? { ...event, payload: [...event.payload] } : event)),
    );
  });

  test('is what the encoder writes', () => {
    expect([...encodeRecordingHeader(1_000_000_000)]).toEqual(header);
    const frame = encodeFrame(1, 1, 0, Uint8Array.of(7, 8));
    expect([...encodeRecord(recordKind.clientFrame, 0, 300, frame)]).toEqual(records[2]!.bytes);
    const gap = [encodeVarint(2), encodeVarint(128)];
    expect([...encodeRecord(recordKind.lost, 0, 0, ...gap)]).toEqual(records[6]!.bytes);
  });

  test('skips records of a kind that is not known', async () => {
    const future = Uint8Array.from([...header, 99, 0, 2, 3, 1, 2, 3, ...records.at(-1)!.bytes]);
    expect((await read(future)).events).toEqual([{ kind: 'end', connection: 0, atUs: 2, reason: 'closed' }]);
  });

  test('that is cut off at any place gives whole events, then says so', async () => {
    for (let length = header.length; length < whole.length; length++) {
      const { events } = await read(whole.subarray(0, length));
      expect(events.at(-1)?.kind, `cut at ${length}`).toBe('truncated');
      expect(events.length - 1).toBeLessThan(records.length);
    }
  });
});

const damaged: readonly { name: string; bytes: readonly number[]; message: RegExp }[] = [
  { name: 'an empty file', bytes: [], message: /not a ttRPC recording/ },
  {
    name: 'another file',
    bytes: [...Buffer.from('#!/bin/sh\n'.repeat(5))],
    message: /not a ttRPC recording/,
  },
  { name: 'a later version', bytes: header.with(9, 2), message: /version 2/ },
  {
    name: 'a record above the longest',
    bytes: [...header, 2, 0, 0, 0xff, 0xff, 0xff, 0x7f],
    message: /announces/,
  },
  {
    name: 'an endless number',
    bytes: [...header, 2, ...Array<number>(12).fill(0xff)],
    message: /out of range/,
  },
  { name: 'a frame shorter than its header', bytes: [...header, 2, 0, 0, 2, 0, 0], message: /2 bytes/ },
  {
    name: 'a frame that is not as long as its header says',
    bytes: [...header, 2, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 1, 1, 0],
    message: /another length/,
  },
];

test.each(damaged)('$name is refused with a typed error', async ({ bytes, message }) => {
  const error: unknown = await read(Uint8Array.from(bytes)).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TtrpcError);
  expect(error).toMatchObject({
    code: 'malformed_message',
    message: expect.stringMatching(message) as string,
  });
});

test('numbers up to 2^53 survive', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(readVarint(encodeVarint(value), 0)?.value).toBe(value);
    }),
  );
});

test('arbitrary bytes in place of a record end in a head, in waiting for more, or in the typed error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeRecordHead(bytes, 0);
      } catch (error) {
        expect(error).toBeInstanceOf(TtrpcError);
      }
    }),
    { numRuns: 2000 },
  );
});
