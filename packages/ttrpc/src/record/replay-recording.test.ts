// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { ServerError, Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { createServer } from '../server/server.ts';
import { collect } from '../testing/collect.ts';
import type { EchoServiceImplementation } from '../testing/echo-definition.ts';
import { echoService, EchoDefinition } from '../testing/echo-definition.ts';
import { createEchoPair } from '../testing/echo-pair.ts';
import { Gate } from '../testing/gate.ts';
import { JsonEchoDefinition } from '../testing/json-echo-definition.ts';
import { createTemporaryDirectory } from '../testing/temporary-directory.ts';
import { createMemoryPair } from '../transport/memory-pair.ts';
import { openRecording } from './read-recording.ts';
import { createRecorder } from './recorder.ts';
import type { ReplayedCall, ReplayOptions } from './replay-recording.ts';
import { replayRecording } from './replay-recording.ts';

type Methods = Partial<EchoServiceImplementation>;
type Client = ReturnType<typeof createEchoPair>['client'];

async function* from(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield await Promise.resolve({ text });
}

/** Records what `talk` does with an echo server, then replays it to another one. */
async function recordAndReplay(
  talk: (client: Client) => Promise<unknown>,
  then: Methods,
  now: Methods,
  options: Partial<ReplayOptions> = {},
): Promise<ReplayedCall[]> {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, 'recording');
  await using recorder = await createRecorder(path);
  const [near, far] = createMemoryPair();
  await using pair = createEchoPair(then, { pair: [recorder.wrap(near), far] });
  await talk(pair.client);
  await recorder.close();
  await using server = createServer({ onHandlerError: () => undefined });
  server.add(EchoDefinition, { ...echoService, ...now });
  await using recording = await openRecording(path);
  const connect = (): Promise<Duplex> => {
    const [mine, theirs] = createMemoryPair();
    server.serve(theirs);
    return Promise.resolve(mine);
  };
  const definitions = [JsonEchoDefinition];
  return await collect(replayRecording(recording.events, { connect, definitions, ...options }));
}

async function talkInAllShapes(client: Client): Promise<void> {
  await client.unary({ text: 'u' });
  await client.clientStream(from('a', 'b'));
  await collect(client.serverStream({ text: 's', count: 3 }));
  await collect(client.bidiStream(from('x', 'y')));
  await client.unary({}).catch(() => undefined);
}

const changes: readonly {
  name: string;
  now: Methods;
  differences: object;
  options?: Partial<ReplayOptions>;
}[] = [
  {
    name: 'a field',
    now: { unary: () => Promise.resolve({ text: 'U', count: 2 }) },
    differences: [
      { where: 'messages[0].text', recorded: 'u', now: 'U' },
      { where: 'messages[0].count', recorded: undefined, now: 2 },
    ],
  },
  {
    name: 'a status',
    now: { unary: () => Promise.reject(new ServerError(Status.NOT_FOUND, 'gone')) },
    differences: [
      { where: 'status.code', recorded: 0, now: Status.NOT_FOUND },
      { where: 'status.message', recorded: '', now: 'gone' },
      { where: 'messages.length', recorded: 1, now: 0 },
    ],
  },
  {
    name: 'no answer in time',
    now: { unary: () => new Promise(() => undefined) },
    options: { answerTimeoutMs: 50 },
    differences: [
      { where: 'status', recorded: { code: 0, message: '', details: [] }, now: undefined },
      { where: 'messages.length', recorded: 1, now: 0 },
    ],
  },
];

describe('a replay', () => {
  test('of all shapes to the same server finds no difference', async () => {
    const calls = await recordAndReplay(talkInAllShapes, {}, {});
    expect(calls.map(({ method, now }) => [method, now.messages.length])).toEqual([
      ['Unary', 1],
      ['ClientStream', 1],
      ['ServerStream', 3],
      ['BidiStream', 2],
      ['Unary', 1],
    ]);
    expect(calls.flatMap(({ differences }) => differences)).toEqual([]);
  });

  test.each(changes)('finds that $name has changed', async ({ now, differences, options }) => {
    const talk = (client: Client): Promise<unknown> => client.unary({ text: 'u' });
    const [call] = await recordAndReplay(talk, {}, now, options);
    expect(call?.differences).toEqual(differences);
  });

  test('compares messages of unknown types byte by byte', async () => {
    const talk = (client: Client): Promise<unknown> => client.unary({ text: 'u' });
    const now: Methods = { unary: () => Promise.resolve({ text: 'v' }) };
    const [call] = await recordAndReplay(talk, {}, now, { definitions: [] });
    expect(call?.differences).toEqual([{ where: 'messages[0]', recorded: '0a0175', now: '0a0176' }]);
  });

  test('keeps causes before effects: a call that waited for another one is answered as it was', async () => {
    const withGate = (): Methods => {
      const opened = new Gate();
      return {
        unary: async (request) => {
          if (request.text === 'wait') await opened.passed;
          if (request.text === 'open') opened.open();
          return request;
        },
      };
    };
    const talk = async (client: Client): Promise<void> => {
      const waiting = client.unary({ text: 'wait' });
      await client.unary({ text: 'first' });
      await client.unary({ text: 'open' });
      await waiting;
    };
    const calls = await recordAndReplay(talk, withGate(), withGate());
    expect(calls).toHaveLength(3);
    expect(calls.flatMap(({ differences }) => differences)).toEqual([]);
  });

  test('has nothing to compare where the recording ends first', async () => {
    const never: Methods = { unary: () => new Promise(() => undefined) };
    const talk = async (client: Client): Promise<void> => {
      void client.unary({ text: 'x' }).catch(() => undefined);
      await collect(client.serverStream({ count: 1 }));
    };
    const calls = await recordAndReplay(talk, never, never);
    expect(calls.map(({ recorded, differences }) => [recorded.status?.code, differences])).toEqual([
      [0, []],
      [undefined, []],
    ]);
  });

  test('ends when it is aborted, and closes its connection', async () => {
    const abort = new AbortController();
    let connection: Duplex | undefined;
    const replay = recordAndReplay(
      (client) => client.unary({}),
      {},
      {},
      {
        signal: abort.signal,
        connect: () => {
          [connection] = createMemoryPair();
          setImmediate(() => abort.abort());
          return Promise.resolve(connection);
        },
      },
    );
    await expect(replay).rejects.toMatchObject({ name: 'AbortError' });
    expect(connection?.closed).toBe(true);
  });
});
