// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createMemoryPipe } from '../testing/memory-pipe.ts';
import { createOutputStream, exitLingerMs } from './output-stream.ts';

const never = new AbortController().signal;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

function setUp() {
  const pipe = createMemoryPipe();
  const sink = pipe.openSink();
  return {
    sink,
    stream: createOutputStream(pipe.source),
    write: (word: string) => sink.write(Buffer.from(word)),
  };
}

test('a read that waits when the process ends goes on for a while, then ends', async () => {
  const { stream } = setUp();
  const startedAtMs = performance.now();
  const reading = stream.read(10, never);
  stream.processExited();
  expect(await reading).toHaveLength(0);
  expect(performance.now() - startedAtMs).toBeGreaterThan(exitLingerMs - 10);
});

test('what comes in that while is delivered', async () => {
  const { stream, write } = setUp();
  const reading = stream.read(10, never);
  stream.processExited();
  await write('late');
  expect(text(await reading)).toBe('late');
});

test('everything written before the end is delivered, however late it is read', async () => {
  const { stream, write } = setUp();
  await write('0123456789');
  stream.processExited();
  await new Promise((resolve) => setTimeout(resolve, exitLingerMs));
  expect(text(await stream.read(4, never))).toBe('0123');
  expect(text(await stream.read(40, never))).toBe('456789');
  expect(await stream.read(4, never)).toHaveLength(0);
});

test('reads that are given up take nothing, and leave the turn to the next', async () => {
  const { stream, write } = setUp();
  const [first, second] = [new AbortController(), new AbortController()];
  const reads = [stream.read(10, first.signal), stream.read(10, second.signal), stream.read(10, never)];
  second.abort(new Error('second'));
  first.abort(new Error('first'));
  await expect(reads[0]).rejects.toThrow('first');
  await expect(reads[1]).rejects.toThrow('second');
  await write('x');
  expect(text((await reads[2])!)).toBe('x');
});

test('closing ends a read that waits', async () => {
  const { stream } = setUp();
  const reading = stream.read(10, never);
  stream.close();
  expect(await reading).toHaveLength(0);
  expect(await stream.read(10, never)).toHaveLength(0);
});

test('is drained at once when nobody reads, and else when the reader has seen the end', async () => {
  const { stream, write, sink } = setUp();
  stream.processExited();
  await stream.drained(never);
  await write('ab');
  sink.close();
  expect(text(await stream.read(1, never))).toBe('a');
  const drained = stream.drained(never);
  expect(text(await stream.read(1, never))).toBe('b');
  expect(await stream.read(1, never)).toHaveLength(0);
  await drained;
});

test('does not wait for a reader who has stopped', async () => {
  const { stream, write } = setUp();
  await write('ab');
  await stream.read(1, never);
  stream.processExited();
  await stream.drained(never);
});
