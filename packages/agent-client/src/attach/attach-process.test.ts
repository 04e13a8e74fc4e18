// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { createChannel, createProxy } from '@hako/ttrpc';
import { describe, expect, test } from 'vitest';
import { createAgentClient, type AgentClient } from '../agent-client.ts';
import { createFakeAgent, type FakeAgentOptions, type FakeProcess } from '../testing/index.ts';
import type { AttachedProcess, OutputName } from './attached-process.ts';
import { outputWindowBytes } from './output-queue.ts';

const first = { containerId: 'c1', execId: 'c1' };
const error = (code: string, more: object = {}): unknown => expect.objectContaining({ code, ...more });

async function started(client: AgentClient, terminal = false): Promise<AttachedProcess> {
  await client.createContainer({ ...first, OCI: { Process: { Args: ['x'], Terminal: terminal } } });
  const process = client.attachProcess(first);
  await client.startContainer(first);
  return process;
}

async function readAll(process: AttachedProcess, output: OutputName): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await process.read(output);
    if (piece.length === 0) return Buffer.concat(pieces).toString();
    pieces.push(piece);
  }
}

const roads = [
  { title: 'by one stream', processIo: true, uses: 'attach' },
  { title: 'by polling an agent that has no ProcessIO', processIo: false, uses: 'readStdout' },
] as const;

describe.each(roads)('a process is attached to $title', ({ processIo, uses }) => {
  async function setUp(program: FakeAgentOptions['program'] = () => 0) {
    const agent = createFakeAgent({ processIo, program });
    const client = createAgentClient(agent);
    return {
      agent,
      client,
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await agent[Symbol.asyncDispose]();
      },
    };
  }

  test('and carries input, both outputs and the exit code', async () => {
    await using it = await setUp(async (program) => {
      for await (const data of program.stdin()) program.writeStdout(data);
      program.writeStderr('done');
      return 7;
    });
    const process = await started(it.client);
    await Promise.all([process.write(Buffer.from('ab')), process.write(Buffer.from('cd'))]);
    await process.closeStdin();
    expect(await Promise.all([readAll(process, 'stdout'), readAll(process, 'stderr')])).toEqual([
      'abcd',
      'done',
    ]);
    expect(await process.wait()).toBe(7);
    expect(it.agent.calls.map(({ method }) => method)).toContain(uses);
  });

  test('and carries far more than any window, both ways', async () => {
    const size = 3 * outputWindowBytes;
    await using it = await setUp(async (program) => {
      for await (const data of program.stdin()) program.writeStdout(data);
      return 0;
    });
    const process = await started(it.client);
    const writing = process.write(Buffer.alloc(size, 'x')).then(() => process.closeStdin());
    process.discard('stderr');
    expect((await readAll(process, 'stdout')).length).toBe(size);
    await writing;
    expect(await process.wait()).toBe(0);
  });

  test('and ends although its output is discarded', async () => {
    await using it = await setUp((program) => {
      program.writeStdout(Buffer.alloc(2 * outputWindowBytes));
      return 3;
    });
    const process = await started(it.client);
    process.discard('stdout');
    process.discard('stderr');
    expect(await process.wait()).toBe(3);
  });

  test('and its terminal gets its size', async () => {
    await using it = await setUp(() => undefined);
    const process = await started(it.client, true);
    await process.resize({ rows: 3, columns: 4 });
    await it.client.check();
    await expect.poll(() => it.agent.process('c1').size).toEqual({ row: 3, column: 4 });
  });

  test('and an aborted read loses nothing', async () => {
    await using it = await setUp(() => undefined);
    const process = await started(it.client);
    const controller = new AbortController();
    const read = process.read('stdout', { signal: controller.signal });
    await it.client.check();
    controller.abort('why');
    await expect(read).rejects.toEqual(error('aborted', { cause: 'why' }));
    await it.client.check();
    it.agent.process('c1').writeStdout('late');
    expect(Buffer.from(await process.read('stdout')).toString()).toBe('late');
  });

  test('and every wait fails when the agent is gone', async () => {
    await using it = await setUp(() => undefined);
    const process = await started(it.client);
    const waits = [process.read('stdout'), process.read('stderr')].map((wait) =>
      wait.catch((e: unknown) => e),
    );
    await it.client.check();
    it.agent.crash();
    expect(await Promise.all(waits)).toEqual([error('connection_closed'), error('connection_closed')]);
    process.discard('stdout');
    process.discard('stderr');
    await expect(process.wait()).rejects.toEqual(error('connection_closed'));
  });

  test('and letting go of it ends the waits and leaves it alone', async () => {
    await using it = await setUp(() => undefined);
    const process = await started(it.client);
    const waits = [process.read('stdout'), process.wait()].map((wait) => wait.catch((e: unknown) => e));
    await it.client.check();
    process.close();
    process.close();
    expect(await Promise.all(waits)).toEqual([error('closed'), error('closed')]);
    await expect(process.read('stderr')).rejects.toEqual(error('closed'));
    expect(it.agent.process('c1').signals).toEqual([]);
  });

  test('that does not exist, and the agent says so', async () => {
    await using it = await setUp();
    await it.client.createContainer({ ...first, OCI: {} });
    const process = it.client.attachProcess({ containerId: 'c1', execId: 'none' });
    await expect(process.read('stdout')).rejects.toEqual(error('rpc_failed', { status: Status.NOT_FOUND }));
  });
});

describe('an agent without ProcessIO', () => {
  test('is asked once per connection', async () => {
    await using agent = createFakeAgent();
    await using client = createAgentClient(agent);
    const attempt = () => expect(client.attachProcess(first).read('stdout')).rejects.toBeDefined();
    for (let round = 0; round < 3; round++) await attempt();
    await client.disconnect();
    await attempt();
    expect(agent.calls.map(({ method }) => method)).toEqual([
      'attach',
      'readStdout',
      'readStdout',
      'readStdout',
      'attach',
      'readStdout',
    ]);
  });
});

test('a reader that stands still holds up no other call, nor the proxy in between', async () => {
  const flood = (program: FakeProcess) => {
    program.writeStdout(Buffer.alloc(8 * outputWindowBytes, 'y'));
    return 0;
  };
  await using agent = createFakeAgent({ processIo: true, program: flood });
  const upstream = await agent.dial({ signal: new AbortController().signal });
  await using proxy = createProxy({ upstream });
  await using client = createAgentClient({ channel: createChannel(proxy.stream()) });
  const process = await started(client);
  for (let round = 0; round < 50; round++) await client.check();
  process.discard('stderr');
  expect((await readAll(process, 'stdout')).length).toBe(8 * outputWindowBytes);
  expect(await process.wait()).toBe(0);
});
