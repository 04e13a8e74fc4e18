// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import { AgentServiceDefinition, type AgentServiceImplementation } from '@hako/protocols/agent';
import { HealthDefinition, type HealthServiceImplementation } from '@hako/protocols/health';
import { createChannel, createClient, createRecorder, createServer, dial, listen } from '@hako/ttrpc';
import { ServerError, Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';

import { fakeConsole } from '../testing/fake-console.ts';
import { wireShow } from './wire-show.ts';

const health: HealthServiceImplementation = {
  check: () => Promise.resolve({ status: 1 }),
  version: () => Promise.resolve({ grpcVersion: '0.0.1', agentVersion: '1' }),
};

/** An agent that can do as much as these tests need. */
function agent(changes: Partial<AgentServiceImplementation>): AgentServiceImplementation {
  const missing = (): Promise<never> => Promise.reject(new ServerError(Status.UNIMPLEMENTED, 'not here'));
  const methods = Object.keys(AgentServiceDefinition.methods).map((name) => [name, missing]);
  return { ...(Object.fromEntries(methods) as AgentServiceImplementation), ...changes };
}

const first: Partial<AgentServiceImplementation> = {
  getGuestDetails: () => Promise.resolve({ agentDetails: { version: 'one' } }),
  readStdout: () => Promise.resolve({ data: Buffer.alloc(1000, 'x') }),
  startContainer: ({ containerId }) =>
    Promise.reject(new ServerError(Status.NOT_FOUND, `no ${containerId}\u001b[31m`)),
};

/** A recorded talk with an agent, and a server to replay it to. */
async function world(changes: Partial<AgentServiceImplementation> = first) {
  const resources = new AsyncDisposableStack();
  const console = resources.use(await fakeConsole());
  const file = join(console.directory, 'recording');
  const serve = async (methods: Partial<AgentServiceImplementation>, name: string): Promise<string> => {
    const address = `unix://${join(console.directory, name)}`;
    const server = resources.use(createServer());
    server.add(HealthDefinition, health).add(AgentServiceDefinition, agent(methods));
    server.listen(await listen(address));
    return address;
  };
  const address = await serve(first, 'first.sock');
  const recorder = await createRecorder(file);
  const channel = createChannel(recorder.wrap(await dial(address), { name: 'agent' }));
  const client = createClient(AgentServiceDefinition, channel);
  await createClient(HealthDefinition, channel).check({}, { timeoutMs: 5000 });
  await client.getGuestDetails({ memBlockSize: true });
  await client.readStdout({ containerId: 'c', execId: 'e', len: 1000 });
  await client.startContainer({ containerId: 'none' }).catch(() => undefined);
  await channel.close();
  await recorder.close();
  return {
    ...console,
    file,
    address: changes === first ? address : await serve(changes, 'second.sock'),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Times differ from run to run. */
const timeless = (text: string): string =>
  text.replaceAll(/ *\d+\.\d{3} ms/g, ' T').replace(/recording of .*Z/, 'recording of DATE');

describe('hako wire show', () => {
  test('prints requests and replies with their JSON, statuses and durations', async () => {
    await using hako = await world();
    const { exitCode, stdout, stderr } = await hako.run('wire', 'show', hako.file);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const shortened = `${Buffer.alloc(1000, 'x').toString('base64').slice(0, 200)}… (1136 characters more)`;
    expect(timeless(stdout.toString())).toBe(
      [
        'recording of DATE',
        ' T  0         connection agent, recorded at the client',
        ' T  0:1       -> grpc.Health/Check  deadline 5000 ms',
        '                           {}',
        ' T  0:1       <- grpc.Health/Check OK after T',
        '                           {"status":"SERVING"}',
        ' T  0:3       -> grpc.AgentService/GetGuestDetails',
        '                           {"memBlockSize":true}',
        ' T  0:3       <- grpc.AgentService/GetGuestDetails OK after T',
        '                           {"agentDetails":{"version":"one"}}',
        ' T  0:5       -> grpc.AgentService/ReadStdout',
        '                           {"containerId":"c","execId":"e","len":1000}',
        ' T  0:5       <- grpc.AgentService/ReadStdout OK after T',
        '                           {',
        `                             "data": "${shortened}"`,
        '                           }',
        ' T  0:7       -> grpc.AgentService/StartContainer',
        '                           {"containerId":"none"}',
        ' T  0:7       <- grpc.AgentService/StartContainer NOT_FOUND no none\\u{1b}[31m after T',
        ' T  0         connection closed',
        '',
      ].join('\n'),
    );
  });

  const filters = [
    { words: ['--method', 'Check'], calls: ['Check'] },
    { words: ['-m', 'grpc.AgentService/ReadStdout'], calls: ['ReadStdout'] },
    { words: ['-m', 'Check', '-m', 'StartContainer'], calls: ['Check', 'StartContainer'] },
    { words: ['-m', 'Other/Check'], calls: [] },
  ];

  test.each(filters)('with $words shows the calls $calls', async ({ words, calls }) => {
    await using hako = await world();
    const { stdout } = await hako.run('wire', 'show', hako.file, '--json', ...words);
    const lines = stdout.toString().split('\n').filter(Boolean);
    const events = lines.map((line) => JSON.parse(line) as { kind: string; call: { method: string } });
    expect(events.filter(({ kind }) => kind === 'call').map(({ call }) => call.method)).toEqual(calls);
    expect(events).toHaveLength(calls.length * 2);
  });

  test('--full does not shorten', async () => {
    await using hako = await world();
    const { stdout } = await hako.run('wire', 'show', hako.file, '--full');
    expect(stdout.toString()).toContain(Buffer.alloc(1000, 'x').toString('base64'));
  });

  test('--follow goes on until the recording ends', async () => {
    await using hako = await fakeConsole();
    const file = join(hako.directory, 'growing');
    await using recorder = await createRecorder(file);
    const showing = hako.run('wire', 'show', file, '--follow');
    await recorder.close();
    expect((await showing).exitCode).toBe(0);
  });

  test('--follow is ended by an interrupt', async () => {
    await using hako = await fakeConsole();
    const file = join(hako.directory, 'growing');
    await using recorder = await createRecorder(file);
    const showing = hako.run('wire', 'show', file, '--follow');
    // The program subscribes while it loads its command.
    const interrupting = setInterval(() => hako.signal('SIGINT'), 5);
    expect((await showing).exitCode).toBe(0);
    clearInterval(interrupting);
    expect((await recorder.close()).end).toBe('closed');
  });

  test('ends in peace when its reader has seen enough', async () => {
    await using hako = await world();
    const stdout = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    stdout.on('error', () => undefined);
    const request = { file: hako.file, methods: [], follow: false, whole: false, json: false };
    const onSignal = (): (() => void) => () => undefined;
    const { stdin, sandbox } = hako;
    const components = { env: {}, stdin, stdout, stderr: stdout, onSignal, sandbox: sandbox.components };
    expect(await wireShow(request, { ...components, self: ['false'] })).toBe(0);
  });

  const mistakes = [
    { name: 'a file that is not there', content: undefined, text: /no such file.*name the file/ },
    { name: 'a file that is no recording', content: 'x'.repeat(100), text: /not a ttRPC recording/ },
  ];

  test.each(mistakes)('$name is one line with a remedy', async ({ content, text }) => {
    await using hako = await fakeConsole();
    const file = join(hako.directory, 'file');
    if (content !== undefined) await writeFile(file, content);
    const { exitCode, stderr } = await hako.run('wire', 'show', file);
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(text);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

describe('hako wire replay', () => {
  test('to the same agent finds the same answers', async () => {
    await using hako = await world();
    const { exitCode, stdout } = await hako.run('wire', 'replay', hako.file, hako.address);
    expect(stdout.toString()).toBe(
      [
        'same       0:1      grpc.Health/Check OK',
        'same       0:3      grpc.AgentService/GetGuestDetails OK',
        'same       0:5      grpc.AgentService/ReadStdout OK',
        'same       0:7      grpc.AgentService/StartContainer NOT_FOUND',
        '4 the same, 0 different, 0 without a recorded answer',
        '',
      ].join('\n'),
    );
    expect(exitCode).toBe(0);
  });

  test('to another agent prints what differs and exits with 1', async () => {
    await using hako = await world({
      ...first,
      getGuestDetails: () => Promise.resolve({ agentDetails: { version: 'two' } }),
      startContainer: () => Promise.resolve({}),
    });
    const { exitCode, stdout } = await hako.run('wire', 'replay', hako.file, hako.address);
    expect(exitCode).toBe(1);
    expect(stdout.toString().split('\n').slice(1, 6)).toEqual([
      'different  0:3      grpc.AgentService/GetGuestDetails OK',
      '           messages[0].agentDetails.version',
      '             recorded  "one"',
      '             now       "two"',
      'same       0:5      grpc.AgentService/ReadStdout OK',
    ]);
    expect(stdout.toString()).toContain('2 the same, 2 different');
  });

  const mistakes = [
    { name: 'an address that is none', words: ['nowhere'], text: /nowhere.*give the address/ },
    { name: 'an address where nobody answers', words: ['unix:///nonexistent'], text: /cannot connect/ },
    { name: 'a time that is none', words: ['unix:///x', '--timeout', 'soon'], text: /--timeout/ },
  ];

  test.each(mistakes)('$name is one line with a remedy', async ({ words, text }) => {
    await using hako = await world();
    const { exitCode, stderr } = await hako.run('wire', 'replay', hako.file, ...words);
    expect(exitCode).toBe(125);
    expect(stderr).toMatch(text);
  });
});
