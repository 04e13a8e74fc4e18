// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAgentClient, type AgentClient, type AttachedProcess } from '@hako/agent-client';
import { startCrunAgent, testSpec, whyNoContainers, type AgentHarness } from '@hako/agent-server/testing';
import { ociSpecToGrpc } from '@hako/protocols';
import { expect, test } from 'vitest';
import { FakeOutputPort } from './fake-output-port.ts';

const obstacle = whyNoContainers();
const whenPossible = test.skipIf(obstacle !== undefined);
const containerId = 'writer';
const mebibyte = 1024 * 1024;

/** A real agent whose only machine is this one, and a client that has a port to it. */
async function startPair(port: Pick<FakeOutputPort, 'doors' | 'access'>) {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(await startCrunAgent({ components: { ports: port.doors } }));
  const agent = undo.use(createAgentClient({ channel: harness.channel, outputPort: port.access }));
  const owned = undo.move();
  return { harness, agent, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function run(
  { agent, harness }: { readonly agent: AgentClient; readonly harness: AgentHarness },
  script: string,
): Promise<AttachedProcess> {
  await agent.createContainer({
    containerId,
    OCI: ociSpecToGrpc(testSpec(harness.rootfs, ['sh', '-c', script])),
  });
  const process = agent.attachProcess({ containerId, execId: '' });
  await agent.startContainer({ containerId });
  return process;
}

async function digestOf(
  process: AttachedProcess,
  output: 'stdout' | 'stderr',
  pause?: () => Promise<unknown>,
) {
  const hash = createHash('sha256');
  for (let bytes = 0; ;) {
    const piece = await process.read(output);
    if (piece.length === 0) return { bytes, digest: hash.digest('hex') };
    bytes += piece.length;
    hash.update(piece);
    await pause?.();
  }
}

whenPossible(
  'much output of both kinds arrives whole over a port, beside what came before it',
  async () => {
    const port = new FakeOutputPort(randomBytes(50_000));
    await using pair = await startPair(port);
    const content = randomBytes(100 * mebibyte);
    await writeFile(join(pair.harness.rootfs, 'content'), content);
    const process = await run(pair, 'cat /content >&2 & cat /content; wait; exit 7');
    const seen = await Promise.all([digestOf(process, 'stdout'), digestOf(process, 'stderr')]);
    const whole = { bytes: content.length, digest: createHash('sha256').update(content).digest('hex') };
    expect(seen).toEqual([whole, whole]);
    expect(await process.wait()).toBe(7);
    expect(port.receivedBytes).toBeGreaterThan(1.9 * content.length);
  },
  60_000,
);

whenPossible('little output leaves the port alone', async () => {
  const port = new FakeOutputPort();
  await using pair = await startPair(port);
  const process = await run(pair, 'echo hello');
  process.discard('stderr');
  expect((await digestOf(process, 'stdout')).bytes).toBe(6);
  expect(await process.wait()).toBe(0);
  expect(port.isConnected).toBe(false);
});

whenPossible(
  'a reader that stands still holds up its own process only, and no more than a window',
  async () => {
    const port = new FakeOutputPort();
    await using pair = await startPair(port);
    const writer = 'head -c 20000000 /dev/zero';
    const process = await run(pair, `${writer} >&2 & ${writer}; exec >&-; wait`);
    expect((await digestOf(process, 'stdout')).bytes).toBe(20_000_000);
    expect(port.receivedBytes).toBeLessThan(20_000_000 + 10 * mebibyte);
    expect((await digestOf(process, 'stderr')).bytes).toBe(20_000_000);
    expect(await process.wait()).toBe(0);
  },
  30_000,
);

whenPossible('a slow reader gets everything', async () => {
  const port = new FakeOutputPort();
  await using pair = await startPair(port);
  const process = await run(pair, 'head -c 5000000 /dev/zero');
  process.discard('stderr');
  const slow = await digestOf(process, 'stdout', () => new Promise(setImmediate));
  expect(slow.bytes).toBe(5_000_000);
  expect(await process.wait()).toBe(0);
});

whenPossible(
  'the output of a process that is killed ends with what it had written',
  async () => {
    const port = new FakeOutputPort();
    await using pair = await startPair(port);
    const process = await run(pair, 'exec yes');
    process.discard('stderr');
    let bytes = 0;
    while (bytes < 10 * mebibyte) bytes += (await process.read('stdout')).length;
    await pair.agent.signalProcess({ containerId, execId: '', signal: 9 });
    bytes += (await digestOf(process, 'stdout')).bytes;
    expect(await process.wait()).toBe(137);
    expect(port.receivedBytes).toBeGreaterThan(9 * mebibyte);
  },
  30_000,
);

whenPossible(
  'a port that breaks ends the output with an error',
  async () => {
    const port = new FakeOutputPort();
    await using pair = await startPair(port);
    const process = await run(pair, 'exec yes');
    process.discard('stderr');
    while (port.receivedBytes < mebibyte) await process.read('stdout');
    port.break();
    await expect(digestOf(process, 'stdout')).rejects.toMatchObject({ name: 'AgentClientError' });
  },
  30_000,
);

whenPossible.each([
  {
    title: 'that the client cannot reach',
    doors: ({ doors }: FakeOutputPort) => doors,
    access: ({ name }: FakeOutputPort) => ({ name, open: () => Promise.reject(new Error('refused')) }),
  },
  {
    title: 'that another client holds',
    doors: () => new FakeOutputPort().doors,
    access: ({ access }: FakeOutputPort) => access,
  },
])('a port $title leaves the output where it was', async ({ doors, access }) => {
  const port = new FakeOutputPort();
  await using pair = await startPair({ doors: doors(port), access: access(port) });
  const process = await run(pair, 'head -c 3000000 /dev/zero');
  process.discard('stderr');
  expect((await digestOf(process, 'stdout')).bytes).toBe(3_000_000);
  expect(await process.wait()).toBe(0);
});
