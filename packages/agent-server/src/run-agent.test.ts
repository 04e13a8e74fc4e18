// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { createChannel, createClient, dial } from '@hako/ttrpc';
import { expect, test } from 'vitest';
import { agentVersion } from './version.ts';

const program = join(import.meta.dirname, 'main.ts');

/** A program that is run from its sources takes its time on a machine that is busy with others. */
const startLimitMs = 60_000;

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly dir: string;
  readonly socket: string;
  readonly finished: Promise<Finished>;
  /** Resolves when it has said that it serves. */
  readonly announced: Promise<void>;
}

async function startAgent(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Running> {
  const dir = await mkdtemp(join(tmpdir(), 'hako-main-'));
  const socket = join(dir, 'agent.sock');
  const words = args.map((word) => word.replace('SOCKET', socket).replace('DIR', dir));
  if (words.includes(join(dir, 'bad.toml'))) await writeFile(join(dir, 'bad.toml'), 'log_level = "loud"');
  const child = spawn(process.execPath, ['--conditions=@hako/source', program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  const announced = Promise.withResolvers<undefined>();
  const finished = Promise.withResolvers<Finished>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('"announce"')) announced.resolve(undefined);
    });
  }
  child.once('close', (code) => finished.resolve({ code, output }));
  return {
    child,
    dir,
    socket,
    finished: finished.promise,
    announced: announced.promise.then(() => undefined),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await finished.promise;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const servingArgs = ['--server-addr', 'unix://SOCKET', '--run-dir', 'DIR'];

test('the program serves, and ends when its sandbox is destroyed, after the answer', async () => {
  await using agent = await startAgent(servingArgs);
  await agent.announced;
  await using channel = createChannel(await dial(`unix://${agent.socket}`, { timeoutMs: startLimitMs }));
  expect(await createClient(HealthDefinition, channel).version({})).toEqual({
    grpcVersion: '0.0.1',
    agentVersion,
  });
  await createClient(AgentServiceDefinition, channel).destroySandbox({});
  expect((await agent.finished).code).toBe(0);
});

test('the program ends at SIGTERM although a client is connected', async () => {
  await using agent = await startAgent(servingArgs);
  await agent.announced;
  await using channel = createChannel(await dial(`unix://${agent.socket}`, { timeoutMs: startLimitMs }));
  await createClient(HealthDefinition, channel).check({});
  agent.child.kill('SIGTERM');
  expect((await agent.finished).code).toBe(0);
});

test.each([
  { title: 'its version', args: ['--version'], code: 0, text: `hako-agent ${agentVersion} (API 0.0.1)` },
  { title: 'its version by the short word', args: ['-v'], code: 0, text: agentVersion },
  { title: 'how it is used', args: ['--help'], code: 0, text: 'usage: hako-agent' },
  { title: 'an unknown word', args: ['--nope'], code: 2, text: '--nope' },
  {
    title: 'an address of no kind',
    args: ['--server-addr', 'carrier://pigeon'],
    code: 1,
    text: 'carrier://pigeon',
  },
  {
    title: 'an address nobody can have',
    args: ['--server-addr', 'unix:///no/such/dir/s'],
    code: 1,
    text: '/no/such/dir/s',
  },
  { title: 'a file that is not there', args: ['--config', '/no/such.toml'], code: 1, text: '/no/such.toml' },
  { title: 'a value that fails its check', args: ['--config', 'DIR/bad.toml'], code: 1, text: 'log_level' },
])('the program tells $title and ends', async ({ args, code, text }) => {
  await using agent = await startAgent(args);
  const finished = await agent.finished;
  expect(finished.output).toContain(text);
  expect(finished.code).toBe(code);
});

test('the program takes its address from the environment', async () => {
  const name = `hako-agent-test-${process.pid}`;
  await using agent = await startAgent(['--run-dir', 'DIR'], { KATA_AGENT_SERVER_ADDR: `unix://@${name}` });
  await agent.announced;
  await using channel = createChannel(await dial(`unix://@${name}`, { timeoutMs: startLimitMs }));
  expect(await createClient(HealthDefinition, channel).check({})).toEqual({ status: 1 });
});
