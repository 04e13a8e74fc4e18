// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createMemoryPair, createRecorder, openRecording, readConversation, TtrpcError } from '@hako/ttrpc';
import * as fc from 'fast-check';

import type { FuzzTarget } from '../fuzz-target.ts';
import { within } from '../within.ts';
import type { ByteStream } from './byte-streams.ts';
import { byteStream, chunksOf } from './byte-streams.ts';

/** Bytes of a file before its records: damage there is refused at once and teaches nothing. */
const headerBytes = 20;

interface Damage {
  readonly place: number;
  readonly value: number;
}

const damages: fc.Arbitrary<Damage> = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  value: fc.integer({ min: 0, max: 255 }),
});

const damageOrNone: fc.Arbitrary<Damage | null> = fc.option(damages, { nil: null });

async function recordThenRead(stream: ByteStream, damage: Damage | null, directory: string): Promise<void> {
  const path = join(directory, 'recording');
  const [near, far] = createMemoryPair();
  const recorder = await createRecorder(path);
  const recorded = recorder.wrap(near);
  far.resume();
  for (const chunk of chunksOf(stream)) recorded.write(chunk);
  await within('the end of the recorded stream', new Promise<void>((resolve) => recorded.end(resolve)));
  recorded.destroy();
  const summary = await recorder.close();
  assert.equal(summary.end, 'closed');
  if (damage !== null) {
    const bytes = await readFile(path);
    const at = headerBytes + Math.floor(damage.place * (bytes.length - headerBytes));
    bytes[at] = damage.value;
    await writeFile(path, bytes);
  }
  await using recording = await openRecording(path);
  let over = false;
  try {
    for await (const event of readConversation(recording.events)) over = event.kind === 'over';
  } catch (error) {
    if (damage === null || !(error instanceof TtrpcError)) throw error;
    return;
  }
  assert.ok(over, 'a conversation ends without saying so');
}

/** Recorder and reader. */
export const recordingTarget: FuzzTarget = {
  name: 'recording',
  claim: 'whatever passes is recorded and read back; a damaged file ends in the typed error',
  property: (corpus) =>
    fc.asyncProperty(byteStream(corpus), damageOrNone, async (stream, damage) => {
      const directory = await mkdtemp(join(tmpdir(), 'hako-fuzz-'));
      try {
        await recordThenRead(stream, damage, directory);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }),
};
