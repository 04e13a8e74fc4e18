// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { testSpec, whyNoContainers } from '@hako/agent-server/testing';
import { runCli } from '@hako/cli';
import { expect, test } from 'vitest';
import { startListeningAgent } from './listening-agent.ts';

const obstacle = whyNoContainers();

async function agentCtl(...words: string[]) {
  const printed: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') =>
    new PassThrough().on('data', (data: Buffer) => (printed[name] += data.toString()));
  const exitCode = await runCli(['agent-ctl', 'connect', ...words], {
    env: {},
    stdin: new PassThrough(),
    stdout: output('stdout'),
    stderr: output('stderr'),
    onSignal: () => () => undefined,
    sandbox: {},
    self: ['false'],
  });
  await new Promise(setImmediate);
  const lines = printed.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { command: string; response: unknown; text?: string });
  return { exitCode, stderr: printed.stderr, lines };
}

const commands = (...texts: string[]) => texts.flatMap((text) => ['-c', text]);

test.skipIf(obstacle !== undefined)(
  `a container's whole life, command by command${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    await using agent = await startListeningAgent();
    const { rootfs } = agent.harness;
    const bundle = agent.directory;
    await writeFile(
      join(bundle, 'config.json'),
      JSON.stringify(testSpec(rootfs, ['sh', '-c', 'read x; echo got $x; exit 3'])),
    );
    for (const address of [agent.address, agent.proxyAddress]) {
      const { exitCode, stderr, lines } = await agentCtl(
        ...['--server-address', address, '--bundle-dir', bundle],
        ...commands(
          'Check',
          'CreateContainer cid=demo',
          'StartContainer',
          'WriteStdin data=hex:68690a',
          'ReadStdout len=100',
          'WaitProcess',
          'RemoveContainer',
        ),
      );
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(lines.find(({ command }) => command === 'ReadStdout')?.text).toBe('got hi\n');
      expect(lines.find(({ command }) => command === 'WaitProcess')?.response).toEqual({ status: 3 });
    }
    const missing = await agentCtl('--server-address', agent.address, '-c', 'StartContainer cid=demo');
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/^hako: StartContainer failed with INTERNAL: container_not_found: /);
  },
);
