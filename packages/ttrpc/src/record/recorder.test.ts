// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { createChannel } from '../client/channel.ts';
import { createClient } from '../client/client.ts';
import { encodeFrame, frameType } from '../frame/frame-header.ts';
import { createProxy } from '../proxy/proxy.ts';
import { collect } from '../testing/collect.ts';
import { createEchoPair } from '../testing/echo-pair.ts';
import { EchoDefinition } from '../testing/echo-definition.ts';
import { createTemporaryDirectory } from '../testing/temporary-directory.ts';
import { transportChecks } from '../testing/transport-compliance.ts';
import { createMemoryPair } from '../transport/memory-pair.ts';
import { createSocketPair } from '../transport/socket-pair.ts';
import { RecordingFile } from './recording-file.ts';
import type { RecordedEvent } from './read-recording.ts';
import { openRecording } from './read-recording.ts';
import { createRecorder, record } from './recorder.ts';
import type { RecorderOptions } from './recorder.ts';

async function temporaryRecorder(options: RecorderOptions = {}) {
  const resources = new AsyncDisposableStack();
  const directory = resources.use(await createTemporaryDirectory());
  const path = join(directory.path, 'recording');
  const recorder = resources.use(await createRecorder(path, options));
  return {
    recorder,
    path,
    async events(): Promise<RecordedEvent[]> {
      await using recording = await openRecording(path);
      return await collect(recording.events);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const kinds = (events: readonly RecordedEvent[]): string[] =>
  events.map((event) =>
    event.kind === 'frame' ? `${event.from} ${event.streamId} type ${event.type}` : event.kind,
  );

describe('a recorded connection', () => {
  const wrappers = [
    { name: 'client', side: 'client' as const },
    { name: 'server', side: 'server' as const },
  ];

  test.each(wrappers)('on the side of the $name gives the same frames', async ({ side }) => {
    await using temporary = await temporaryRecorder();
    const [near, far] = createMemoryPair();
    const wrap = (stream: Duplex): Duplex => temporary.recorder.wrap(stream, { side, name: 'echo' });
    const pair = createEchoPair({}, { pair: side === 'client' ? [wrap(near), far] : [near, wrap(far)] });
    expect(await pair.client.unary({ text: 'hello' })).toMatchObject({ text: 'hello' });
    await pair.channel.close();
    await pair[Symbol.asyncDispose]();
    expect(await temporary.recorder.close()).toMatchObject({ frames: 2, lostFrames: 0, end: 'closed' });
    const events = await temporary.events();
    expect(kinds(events)).toEqual(['open', 'client 1 type 1', 'server 1 type 2', 'close', 'end']);
    expect(events[0]).toMatchObject({ side, name: 'echo' });
  });

  const checks = transportChecks(async () => {
    await using resources = new AsyncDisposableStack();
    const temporary = resources.use(await temporaryRecorder());
    const [near, far] = await createSocketPair();
    const { recorder } = temporary;
    const wrapped = recorder.wrap(near);
    const kept = resources.move();
    wrapped.once('close', () => void kept.disposeAsync());
    return [wrapped, recorder.wrap(far, { side: 'server' })];
  });

  test.each(checks)('keeps the contract of a transport: $name', ({ run }) => run());

  test('of a proxy: clients and upstream are recorded side by side', async () => {
    await using temporary = await temporaryRecorder();
    const { recorder } = temporary;
    const [upstream, far] = createMemoryPair();
    await using pair = createEchoPair({}, { pair: [createMemoryPair()[0], far] });
    await using proxy = createProxy({ upstream: recorder.wrap(upstream, { name: 'upstream' }) });
    const clients = ['a', 'b'].map((name) => {
      const [near, end] = createMemoryPair();
      proxy.serve(recorder.wrap(end, { side: 'server', name }));
      return createClient(EchoDefinition, createChannel(near));
    });
    for (const client of clients) await client.unary({ text: 'x' });
    await recorder.close();
    const events = await temporary.events();
    const requests = events.flatMap((event) =>
      event.kind === 'frame' && event.type === frameType.request ? [[event.connection, event.streamId]] : [],
    );
    // prettier-ignore
    expect(requests).toEqual([[1, 1], [0, 1], [2, 1], [0, 3]]);
    expect(pair.server.connections.size).toBe(1);
  });

  test('goes on when what it carries is no ttRPC', async () => {
    await using temporary = await temporaryRecorder();
    const [near, far] = createMemoryPair();
    const wrapped = temporary.recorder.wrap(near);
    wrapped.write('GET / HTTP/1.1\r\n\r\n');
    expect(String((await once(far, 'data'))[0])).toContain('HTTP');
    far.write(encodeFrame(1, frameType.response, 0));
    await once(wrapped, 'data');
    wrapped.destroy();
    await temporary.recorder.close();
    expect(kinds(await temporary.events())).toEqual(['open', 'garbage', 'server 1 type 2', 'close', 'end']);
  });

  test('that dies under its call says so', async () => {
    await using temporary = await temporaryRecorder();
    const [near, far] = createMemoryPair();
    const channel = createChannel(temporary.recorder.wrap(near));
    const call = createClient(EchoDefinition, channel).unary({});
    await once(far, 'data');
    far.destroy();
    await expect(call).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    await channel.closed;
    await temporary.recorder.close();
    expect(kinds(await temporary.events())).toEqual(['open', 'client 1 type 1', 'close', 'end']);
  });
});

describe('bounds', () => {
  test('a file at its bound ends the recording, and the connection goes on', async () => {
    await using temporary = await temporaryRecorder({ maxFileBytes: 2000 });
    const [near, far] = createMemoryPair();
    await using pair = createEchoPair({}, { pair: [temporary.recorder.wrap(near), far] });
    for (let count = 0; count < 50; count++) await pair.client.unary({ text: 'hello' });
    const summary = await temporary.recorder.close();
    expect(summary.end).toBe('file-full');
    expect(summary.bytes).toBeLessThan(2100);
    expect((await temporary.events()).at(-1)).toMatchObject({ kind: 'end', reason: 'file-full' });
  });

  test('a full queue holds the stream back, and nothing is lost', async () => {
    await using temporary = await temporaryRecorder({ queueBytes: 1 });
    const [near, far] = createMemoryPair();
    await using pair = createEchoPair({}, { pair: [temporary.recorder.wrap(near), far] });
    const body = new Uint8Array(100_000);
    await Promise.all(Array.from({ length: 50 }, () => pair.client.unary({ body })));
    expect(await temporary.recorder.close()).toMatchObject({ frames: 100, lostFrames: 0 });
  });

  test('or drops frames and counts them', async () => {
    await using temporary = await temporaryRecorder({ queueBytes: 1, overflow: 'drop-frames' });
    const [near, far] = createMemoryPair();
    await using pair = createEchoPair({}, { pair: [temporary.recorder.wrap(near), far] });
    const body = new Uint8Array(100_000);
    await Promise.all(Array.from({ length: 50 }, () => pair.client.unary({ body })));
    const { frames, lostFrames } = await temporary.recorder.close();
    expect(frames + lostFrames).toBe(100);
    expect(lostFrames).toBeGreaterThan(0);
    const gaps = (await temporary.events()).flatMap((event) => (event.kind === 'lost' ? [event.frames] : []));
    expect(gaps.reduce((sum, count) => sum + count, 0)).toBe(lostFrames);
  });

  test.each(['queueBytes', 'maxFileBytes'])('%s must be a positive integer', async (name) => {
    await expect(createRecorder('/nonexistent', { [name]: 0 })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('the file', () => {
  test('is readable for its owner only, and one that exists is not overwritten', async () => {
    await using temporary = await temporaryRecorder();
    expect((await stat(temporary.path)).mode & 0o777).toBe(0o600);
    await expect(createRecorder(temporary.path)).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test.skipIf(process.platform !== 'linux')(
    'a full disk ends the recording with its error, and the connection goes on (needs /dev/full: Linux)',
    async () => {
      const file = new RecordingFile(await open('/dev/full', 'w'), 10);
      file.append(new Uint8Array(20));
      expect(file.full).toBe(true);
      await new Promise<void>((resolve) => file.whenRoom(resolve));
      expect(file.error).toMatchObject({ code: 'ENOSPC' });
      file.append(new Uint8Array(20));
      expect(file.full).toBe(false);
      await file.close();
    },
  );

  test('record() is the short way: the recording ends with the stream', async () => {
    await using directory = await createTemporaryDirectory();
    const [near, far] = createMemoryPair();
    const { stream, recorded } = await record(near, join(directory.path, 'r'), { name: 'short' });
    const pair = createEchoPair({}, { pair: [stream, far] });
    await pair.client.unary({});
    await pair[Symbol.asyncDispose]();
    expect(await recorded).toMatchObject({ frames: 2, end: 'closed' });
  });

  test('can be followed while it is written', async () => {
    await using temporary = await temporaryRecorder();
    const [near, far] = createMemoryPair();
    await using pair = createEchoPair({}, { pair: [temporary.recorder.wrap(near), far] });
    await using recording = await openRecording(temporary.path, { follow: true });
    const events = recording.events[Symbol.asyncIterator]();
    const next = async (): Promise<string | undefined> =>
      kinds([(await events.next()).value as RecordedEvent])[0];
    expect(await next()).toBe('open');
    const waiting = next();
    await pair.client.unary({});
    expect([await waiting, await next()]).toEqual(['client 1 type 1', 'server 1 type 2']);
    const last = next();
    await temporary.recorder.close();
    expect(await last).toBe('end');
    expect((await events.next()).done).toBe(true);
  });

  test('following ends when it is aborted', async () => {
    await using temporary = await temporaryRecorder();
    const abort = new AbortController();
    await using recording = await openRecording(temporary.path, { follow: true, signal: abort.signal });
    const events = collect(recording.events);
    abort.abort();
    expect(kinds(await events)).toEqual(['truncated']);
  });
});
