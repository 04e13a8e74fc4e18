// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test, vi } from 'vitest';
import { createAgentClient } from './agent-client.ts';
import { createProcessInput } from './process-input.ts';
import { readStderrOf, readStdoutOf } from './process-output.ts';
import { createFakeAgent, type FakeProgram } from './testing/index.ts';

const first = { containerId: 'c1', execId: 'c1' };

async function started(program: FakeProgram) {
  const agent = createFakeAgent({ program });
  const client = createAgentClient(agent);
  await client.createContainer({ ...first, OCI: { Process: { Args: ['program'] } } });
  await client.startContainer({ containerId: 'c1' });
  return {
    agent,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await agent[Symbol.asyncDispose]();
    },
  };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of source) pieces.push(Buffer.from(piece).toString());
  return pieces;
}

describe('output', () => {
  test('is read to its end, each stream for itself, before the exit status is taken', async () => {
    await using run = await started((process) => {
      process.writeStdout('out 1\n');
      process.writeStderr('err\n');
      process.writeStdout('out 2\n');
      return 3;
    });
    expect(await collect(readStdoutOf(run.client, first))).toEqual(['out 1\n', 'out 2\n']);
    expect(await collect(readStderrOf(run.client, first))).toEqual(['err\n']);
    expect(await run.client.waitProcess(first)).toEqual({ status: 3 });
  });

  test('arrives in pieces of the size asked for', async () => {
    await using run = await started((process) => {
      process.writeStdout('abcdefg');
      return 0;
    });
    expect(await collect(readStdoutOf(run.client, first, { maxBytes: 3 }))).toEqual(['abc', 'def', 'g']);
  });

  test('is asked for only as fast as it is taken', async () => {
    await using run = await started((process) => {
      process.writeStdout('a');
      process.writeStdout('b');
      return 0;
    });
    const iterator = readStdoutOf(run.client, first)[Symbol.asyncIterator]();
    await iterator.next();
    expect(run.agent.calls.filter(({ method }) => method === 'readStdout')).toHaveLength(1);
  });

  test('that is aborted stays in the guest for the next reader', async () => {
    await using run = await started(() => undefined);
    const controller = new AbortController();
    const reading = collect(readStdoutOf(run.client, first, { signal: controller.signal }));
    await run.client.check();
    controller.abort();
    await expect(reading).rejects.toEqual(expect.objectContaining({ code: 'aborted' }));
    await run.client.check();
    run.agent.process('c1').writeStdout('kept');
    run.agent.process('c1').exit(0);
    expect(await collect(readStdoutOf(run.client, first))).toEqual(['kept']);
  });

  test.each([0, -1, 0.5])('in pieces of %s bytes is refused', async (maxBytes) => {
    await using run = await started(() => 0);
    await expect(collect(readStdoutOf(run.client, first, { maxBytes }))).rejects.toEqual(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});

describe('input', () => {
  const cat: FakeProgram = async (process) => {
    for await (const data of process.stdin()) process.writeStdout(data);
    return 0;
  };

  test('of a source is sent whole, then closed', async () => {
    await using run = await started(cat);
    async function* source() {
      yield Buffer.from('one ');
      yield new Uint8Array(0);
      yield Buffer.alloc(200_000, 'x');
    }
    const [, output] = await Promise.all([
      createProcessInput(run.client, first).send(source()),
      collect(readStdoutOf(run.client, first)),
    ]);
    expect(output.join('')).toBe(`one ${'x'.repeat(200_000)}`);
  });

  test('that is empty is not sent, because it would close the stream', async () => {
    await using run = await started(cat);
    await createProcessInput(run.client, first).write(new Uint8Array(0));
    expect(run.agent.calls.map(({ method }) => method)).not.toContain('writeStdin');
  });

  test('is sent again from where the guest stopped taking it', async () => {
    await using run = await started(cat);
    const taken: string[] = [];
    run.agent.intercept('writeStdin', async (request) => {
      const { data } = request as { data: Uint8Array };
      taken.push(Buffer.from(data).toString());
      return { len: 2 };
    });
    await createProcessInput(run.client, first).write(Buffer.from('abcdef'));
    expect(taken).toEqual(['abcdef', 'cdef', 'ef']);
  });

  test.each([0, 4])('of which the guest takes %s of 3 bytes is an error, not a loop', async (len) => {
    await using run = await started(cat);
    run.agent.intercept('writeStdin', async () => ({ len }));
    await expect(createProcessInput(run.client, first).write(Buffer.from('abc'))).rejects.toEqual(
      expect.objectContaining({ code: 'protocol_violation' }),
    );
  });

  test('whose source fails is not closed as if it were complete', async () => {
    const closeStdin = vi.fn(async () => ({}));
    async function* source(): AsyncGenerator<Uint8Array> {
      throw new Error('disk');
    }
    const input = createProcessInput({ writeStdin: async () => ({ len: 0 }), closeStdin }, first);
    await expect(input.send(source())).rejects.toThrow('disk');
    expect(closeStdin).not.toHaveBeenCalled();
  });
});

describe('the fake', () => {
  test('ends a process by SIGKILL with 137, and all of a container by an empty exec id', async () => {
    await using run = await started(() => undefined);
    await run.client.execProcess({ containerId: 'c1', execId: 'e', process: { Args: ['sh'] } });
    await run.client.signalProcess({ containerId: 'c1', execId: '', signal: 9 });
    expect(await run.client.waitProcess(first)).toEqual({ status: 137 });
    expect(await run.client.waitProcess({ containerId: 'c1', execId: 'e' })).toEqual({ status: 137 });
    await expect(run.client.waitProcess(first)).rejects.toEqual(
      expect.objectContaining({ status: Status.NOT_FOUND }),
    );
  });
});
