// SPDX-License-Identifier: Apache-2.0
import { createAgentClient, createKataAgent, type AgentClient, type OutputName } from '@hako/agent-client';
import { testSpec, whyNoContainers } from '@hako/agent-server/testing';
import { dial } from '@hako/ttrpc';
import { describe, expect, test } from 'vitest';
import { startListeningAgent } from './listening-agent.ts';
import { watchAgent } from './watched-agent.ts';

const obstacle = whyNoContainers();
const why = obstacle === undefined ? '' : ` (skipped: ${obstacle})`;

describe.skipIf(obstacle !== undefined)(`with the real agent${why}`, () => {
  test('KataAgent takes a container and a further process through their life', async ({ task }) => {
    await using it = await startListeningAgent();
    const { rootfs } = it.harness;
    await using agent = watchAgent(task.meta, {
      dialUrl:
        () =>
        ({ signal }) =>
          dial(it.address, { signal }),
    });
    agent.load({ url: 'mock:///unused' });
    await agent.check();
    const spec = testSpec(rootfs, ['sh', '-c', 'echo ready; sleep 1000']);
    const init = await agent.createContainer({ id: 'c1', spec });
    await agent.startContainer('c1');
    const first = { containerId: 'c1', token: init.token };
    expect(Buffer.from(await agent.readProcessStdout(first, 100)).toString()).toBe('ready\n');
    const command = { args: ['cat'], env: ['PATH=/bin'], cwd: '/' };
    const { token } = await agent.exec('c1', command);
    const second = { containerId: 'c1', token };
    expect(await agent.writeProcessStdin(second, Buffer.from('abc'))).toBe(3);
    expect(Buffer.from(await agent.readProcessStdout(second, 100)).toString()).toBe('abc');
    await agent.closeProcessStdin(second);
    expect(await agent.waitProcess(second)).toBe(0);
    await agent.signalProcess(first, 9, true);
    expect(await agent.waitProcess(first)).toBe(137);
    await agent.stopContainer('c1');
  });

  async function run(client: AgentClient, execId: string, script: string, input = '') {
    const id = { containerId: 'c1', execId };
    const process = { Args: ['sh', '-c', script], Env: ['PATH=/bin'], Cwd: '/', User: { UID: 0, GID: 0 } };
    await client.execProcess({ ...id, process });
    const attached = client.attachProcess(id);
    const readAll = async (output: OutputName) => {
      let text = '';
      for (;;) {
        const piece = await attached.read(output);
        if (piece.length === 0) return text;
        text += Buffer.from(piece).toString('latin1');
      }
    };
    const writing = attached.write(Buffer.from(input)).then(() => attached.closeStdin());
    const [stdout, stderr] = await Promise.all([readAll('stdout'), readAll('stderr')]);
    await writing;
    return { stdout, stderr, exit: await attached.wait() };
  }

  test('processes are attached to by one stream each, many at once, through the proxy', async () => {
    await using it = await startListeningAgent();
    await using client = createAgentClient({ dial: ({ signal }) => dial(it.proxyAddress, { signal }) });
    await using idle = createKataAgent({
      dialUrl:
        () =>
        ({ signal }) =>
          dial(it.address, { signal }),
    });
    idle.load({ url: 'mock:///unused' });
    await idle.createContainer({ id: 'c1', spec: testSpec(it.harness.rootfs, ['sleep', '1000']) });
    await idle.startContainer('c1');
    const input = 'x'.repeat(700_000);
    const runs = await Promise.all([
      run(client, 'e1', 'cat', input),
      run(client, 'e2', 'echo out; echo error >&2; exit 4'),
      run(client, 'e3', 'head -c 2000000 /dev/zero'),
    ]);
    expect(runs[0].stdout === input).toBe(true);
    expect(runs[1]).toEqual({ stdout: 'out\n', stderr: 'error\n', exit: 4 });
    expect([runs[2].stdout.length, runs[2].exit]).toEqual([2_000_000, 0]);
    // They were not polled, and each has been forgotten with its exit.
    for (const execId of ['e1', 'e2', 'e3'])
      await expect(client.waitProcess({ containerId: 'c1', execId })).rejects.toMatchObject({ status: 5 });
  });
});
