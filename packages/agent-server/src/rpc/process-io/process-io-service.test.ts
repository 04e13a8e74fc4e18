// SPDX-License-Identifier: Apache-2.0
import { Refusal_Request } from '@hako/protocols/process-io';
import { Status } from 'nice-grpc-common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testedAgents } from '../../testing/agent-harness.ts';
import type { TestedAgentHarness } from '../../testing/tested-agent.ts';
import { AttachStream } from '../../testing/attach-stream.ts';
import { readAll, runContainer, sleeper } from '../../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../../testing/test-spec.ts';
import { stdinWindowBytes } from './stdin-line.ts';

/** A guest has to boot. */
const startLimitMs = 120_000;

describe.each(testedAgents)('Attach $title', ({ skip, start }) => {
  // One agent for all: every test makes containers of its own.
  let harness: TestedAgentHarness;
  let containers = 0;
  const newId = () => `c${(containers += 1)}`;

  beforeAll(async () => {
    if (!skip) harness = await start();
  }, startLimitMs);
  afterAll(async () => {
    if (!skip) await harness[Symbol.asyncDispose]();
  });

  test.skipIf(skip)('carries both outputs, their ends and then the exit code', async () => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await harness.client.execProcess(execRequest(id, 'e1', ['sh', '-c', 'echo out\necho error >&2\nexit 3']));
    await using stream = AttachStream.to(harness, { containerId: id, execId: 'e1' });
    const { events, ...run } = await stream.toExit();
    expect(run).toEqual({ stdout: 'out\n', stderr: 'error\n', exit: 3 });
    expect(events.at(0)).toBe('attached');
    expect(events.slice(1, -1).toSorted()).toEqual(['stderrEnd', 'stdoutEnd']);
  });

  test.skipIf(skip)('begins before the container is started', async () => {
    const id = newId();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest(id, rootfs, ['sh', '-c', 'echo early\nexit 0']));
    await using stream = AttachStream.to(harness, { containerId: id });
    expect(await stream.next()).toEqual({ $case: 'attached', value: { terminal: false } });
    await client.startContainer({ containerId: id });
    expect(await stream.toExit()).toMatchObject({ stdout: 'early\n', exit: 0 });
  });

  test.skipIf(skip)('writes standard input and ends it', async () => {
    const id = newId();
    await runContainer(harness, id, ['cat']);
    await using stream = AttachStream.to(harness, { containerId: id, execId: id });
    await stream.nextOf('stdinCredit');
    stream.type('one ');
    stream.type('two');
    stream.send({ $case: 'stdinEnd', value: {} });
    expect(await stream.toExit()).toMatchObject({ stdout: 'one two', exit: 0 });
  });

  test.skipIf(skip)('sends no more output than there is credit', async () => {
    const id = newId();
    await runContainer(harness, id, ['sh', '-c', 'echo 0123456789\nsleep 1000']);
    await using stream = AttachStream.to(harness, { containerId: id }, 0);
    const read = async (bytes: number) => {
      stream.send({ $case: 'stdoutCredit', value: bytes });
      return Buffer.from((await stream.nextOf('stdout')).value).toString();
    };
    expect([await read(4), await read(3)]).toEqual(['0123', '456']);
    // What nobody has credit for stays in the pipe, for whoever asks.
    expect(await harness.client.readStdout({ containerId: id, len: 100 })).toEqual({
      data: new Uint8Array(Buffer.from('789\n')),
    });
  });

  test.skipIf(skip)('gives credit for input that the program has taken', async () => {
    const id = newId();
    await runContainer(harness, id, ['cat']);
    await using stream = AttachStream.to(harness, { containerId: id });
    let credit = (await stream.nextOf('stdinCredit')).value;
    expect(credit).toBe(stdinWindowBytes);
    let sent = 0;
    while (sent < 3 * stdinWindowBytes) {
      const piece = new Uint8Array(Math.min(credit, 32_768));
      stream.send({ $case: 'stdin', value: piece });
      sent += piece.length;
      credit -= piece.length;
      while (credit === 0) credit += (await stream.nextOf('stdinCredit')).value;
    }
    stream.send({ $case: 'stdinEnd', value: {} });
    expect(await stream.toExit()).toMatchObject({ exit: 0 });
  });

  test.skipIf(skip)('forgets the process when the exit is acknowledged, and only then', async () => {
    const id = newId();
    const { client } = harness;
    await runContainer(harness, id, sleeper);
    await client.execProcess(execRequest(id, 'e1', ['sh', '-c', 'exit 5']));
    const named = { containerId: id, execId: 'e1' };
    {
      await using lost = AttachStream.to(harness, named);
      expect(await lost.toExit()).toMatchObject({ exit: 5 });
    }
    await using stream = AttachStream.to(harness, named);
    expect(await stream.toExit()).toMatchObject({ exit: 5 });
    stream.send({ $case: 'release', value: {} });
    expect(await stream.next()).toBeUndefined();
    await expect(client.waitProcess(named)).rejects.toMatchObject({ code: Status.NOT_FOUND });
  });

  test.skipIf(skip)('tells the exit to a client that has half-closed, and leaves the process', async () => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await harness.client.execProcess(execRequest(id, 'e1', ['sh', '-c', 'exit 6']));
    const named = { containerId: id, execId: 'e1' };
    await using stream = AttachStream.to(harness, named);
    stream.halfClose();
    expect(await stream.toExit()).toMatchObject({ exit: 6 });
    expect(await stream.next()).toBeUndefined();
    expect(await harness.client.waitProcess(named)).toEqual({ status: 6 });
  });

  test.skipIf(skip)('shares output with ReadStdout: each byte reaches one of them, in order', async () => {
    const id = newId();
    await runContainer(harness, id, ['cat']);
    await using stream = AttachStream.to(harness, { containerId: id });
    await stream.nextOf('attached');
    const reader = readAll(harness, { containerId: id });
    const words = Array.from({ length: 40 }, (_value, index) => `${index},`);
    for (const word of words) stream.type(word);
    stream.send({ $case: 'stdinEnd', value: {} });
    const [polled, { stdout: streamed, exit }] = await Promise.all([reader, stream.toExit()]);
    expect(exit).toBe(0);
    // Joined again they are the whole: walk through it, each next byte comes from the front of one of the two.
    let places = new Set(['0:0']);
    for (const character of words.join('')) {
      const next = new Set<string>();
      for (const place of places) {
        const [left = 0, right = 0] = place.split(':').map(Number);
        if (polled[left] === character) next.add(`${left + 1}:${right}`);
        if (streamed[right] === character) next.add(`${left}:${right + 1}`);
      }
      places = next;
    }
    expect([...places]).toEqual([`${polled.length}:${streamed.length}`]);
  });

  test.skipIf(skip)('loses nothing that a client who is gone was waiting for', async () => {
    const id = newId();
    await runContainer(harness, id, ['cat']);
    const lost = await harness.connect();
    const waiting = AttachStream.to(lost, { containerId: id });
    await waiting.nextOf('stdinCredit');
    await lost[Symbol.asyncDispose]();
    await waiting[Symbol.asyncDispose]();
    await harness.client.writeStdin({ containerId: id, data: Buffer.from('kept') });
    const { data } = await harness.client.readStdout({ containerId: id, len: 10 });
    expect(Buffer.from(data).toString()).toBe('kept');
  });

  test.skipIf(skip)('delivers signals', async () => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await harness.client.execProcess(execRequest(id, 'e1', sleeper));
    await using stream = AttachStream.to(harness, { containerId: id, execId: 'e1' });
    stream.send({ $case: 'signal', value: 15 });
    expect(await stream.toExit()).toMatchObject({ exit: 143 });
  });

  test.skipIf(skip)('refuses the size of a terminal that is none, and goes on', async () => {
    const id = newId();
    await runContainer(harness, id, ['cat']);
    await using stream = AttachStream.to(harness, { containerId: id });
    stream.send({ $case: 'resize', value: { rows: 1, columns: 2 } });
    expect(await stream.nextOf('refusal')).toEqual({
      $case: 'refusal',
      value: {
        request: Refusal_Request.REQUEST_RESIZE,
        code: Status.UNAVAILABLE,
        message: `not_a_terminal: process ${id} has no terminal`,
      },
    });
    stream.send({ $case: 'stdinEnd', value: {} });
    expect(await stream.toExit()).toMatchObject({ exit: 0 });
  });

  test.skipIf(skip)('refuses input that nobody reads once, and throws the rest away', async () => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await harness.client.execProcess(execRequest(id, 'e1', sleeper));
    await harness.client.closeStdin({ containerId: id, execId: 'e1' });
    await using stream = AttachStream.to(harness, { containerId: id, execId: 'e1' });
    for (const text of ['a', 'b']) stream.type(text);
    expect((await stream.nextOf('refusal')).value).toMatchObject({
      request: Refusal_Request.REQUEST_STDIN,
      code: Status.INTERNAL,
      message: expect.stringMatching(/^stream_closed: /) as unknown,
    });
    stream.send({ $case: 'signal', value: 9 });
    expect((await stream.toExit()).events).not.toContain('refusal');
  });

  test.skipIf(skip)('has one output for a terminal, whose size can be set', async () => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await harness.client.execProcess(
      execRequest(id, 'e1', ['sh', '-c', 'read x\nstty size'], { Terminal: true }),
    );
    await using stream = AttachStream.to(harness, { containerId: id, execId: 'e1' });
    expect(await stream.next()).toEqual({ $case: 'attached', value: { terminal: true } });
    stream.send({ $case: 'resize', value: { rows: 33, columns: 44 } });
    stream.type('\n');
    const run = await stream.toExit();
    expect(run.stdout).toContain('33 44');
    expect(run).toMatchObject({ stderr: '', exit: 0 });
  });

  test.skipIf(skip)('ends when the container is removed', async () => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await using stream = AttachStream.to(harness, { containerId: id });
    await stream.nextOf('attached');
    await harness.client.removeContainer({ containerId: id });
    expect(await stream.toExit()).toMatchObject({ exit: 137 });
  });

  test.skipIf(skip).each([
    { title: 'an unknown container [INVALID_ARGUMENT]', name: { containerId: 'nope' }, code: 3 },
    { title: 'an unknown exec id [NOT_FOUND]', name: { execId: 'no' }, code: 5 },
  ])('refuses $title', async ({ name, code }) => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await using stream = AttachStream.to(harness, { containerId: id, ...name });
    await expect(stream.next()).rejects.toMatchObject({ code });
  });

  test.skipIf(skip)('refuses a stream that names no process first [INVALID_ARGUMENT]', async () => {
    await using stream = new AttachStream(harness);
    stream.type('x');
    await expect(stream.next()).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
  });

  test.skipIf(skip).each([
    { title: 'a second process', message: { $case: 'process', value: { containerId: 'other', execId: '' } } },
    { title: 'input of no bytes', message: { $case: 'stdin', value: new Uint8Array(0) } },
    { title: 'input beyond the credit', message: { $case: 'stdin', value: new Uint8Array(131_073) } },
  ] as const)('refuses $title [INVALID_ARGUMENT]', async ({ message }) => {
    const id = newId();
    await runContainer(harness, id, sleeper);
    await using stream = AttachStream.to(harness, { containerId: id });
    await stream.nextOf('stdinCredit');
    stream.send(message);
    await expect(stream.toExit()).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
  });
});
