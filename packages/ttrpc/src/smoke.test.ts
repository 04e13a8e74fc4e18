import { expect, test } from 'vitest';
import { createChannel, createClient, createMemoryPair, createServer, createSocketPair } from './index.ts';
import { EchoDefinition, echoService, type EchoClient } from './testing/echo-definition.ts';

test.each(['memory','socket'])('smoke %s', async (kind) => {
  const [a, b] = kind === 'memory' ? createMemoryPair() : await createSocketPair();
  await using server = createServer().add(EchoDefinition, echoService);
  server.serve(b);
  await using channel = createChannel(a);
  const client: EchoClient = createClient(EchoDefinition, channel);
  expect(await client.unary({ text: 'hi', count: 3 })).toEqual({ text: 'hi', count: 3, body: new Uint8Array(0) });
  const got = [];
  for await (const m of client.serverStream({ text: 'n', count: 3 })) got.push(m.text);
  expect(got).toEqual(['n0', 'n1', 'n2']);
  async function* msgs() { yield { text: 'a' }; yield { text: 'b' }; }
  expect((await client.clientStream(msgs())).text).toBe('a,b');
  const back = [];
  for await (const m of client.bidiStream(msgs())) back.push(m.text);
  expect(back).toEqual(['a', 'b']);
});
