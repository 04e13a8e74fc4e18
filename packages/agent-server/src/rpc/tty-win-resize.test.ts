// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, readUntil, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { unknownProcesses } from '../testing/unknown-processes.ts';

const terminal = { terminal: true, args: ['sh'], cwd: '/', env: ['PATH=/bin', 'TERM=xterm'] };

describe.each(testedAgents)('TtyWinResize $title', ({ skip, start, kind }) => {
  test.skipIf(skip).each([
    ...unknownProcesses,
    {
      title: 'a process without terminal [UNAVAILABLE]',
      request: { containerId: 'c1' },
      code: Status.UNAVAILABLE,
    },
  ])('refuses $title', async ({ request, code }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.ttyWinResize({ ...request, row: 24, column: 80 })).rejects.toMatchObject({
      code,
    });
  });

  test.skipIf(skip)('refuses a terminal that has been hung up [UNAVAILABLE]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', ['cat'], { Terminal: true }));
    const named = { containerId: 'c1', execId: 'e1' };
    await harness.client.ttyWinResize({ ...named, row: 24, column: 80 });
    await harness.client.closeStdin(named);
    await expect(harness.client.ttyWinResize({ ...named, row: 24, column: 80 })).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
    });
  });

  test.skipIf(skip || kind === 'fake')('sets 16 bits of a size, also before the start', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    const type = (text: string) => client.writeStdin({ containerId: 'c1', data: Buffer.from(text) });
    await client.createContainer(createRequest('c1', rootfs, [], { process: terminal }));
    await client.ttyWinResize({ containerId: 'c1', row: 33, column: 111 });
    await client.startContainer({ containerId: 'c1' });
    await type('stty size; tty\n');
    expect(await readUntil(harness, { containerId: 'c1' }, '/dev/pts/')).toContain('33 111');
    await client.ttyWinResize({ containerId: 'c1', row: 65_536 + 44, column: 65_536 + 55 });
    await type('stty size; echo do""ne\n');
    expect(await readUntil(harness, { containerId: 'c1' }, 'done')).toContain('44 55');
  });

  test.skipIf(skip || kind === 'fake')(
    'is of a terminal that interrupts, has one stream and ends',
    async () => {
      await using harness = await start();
      const { client } = harness;
      const named = { containerId: 'c1' };
      const type = (text: string) => client.writeStdin({ ...named, data: Buffer.from(text) });
      await runContainer(harness, 'c1', [], { process: terminal });
      await type(`sh -c "echo be''gun; exec sleep 1000"\n`);
      await readUntil(harness, named, 'begun');
      await type('\u0003');
      await type('echo code $?\n');
      await readUntil(harness, named, 'code 130');
      await type('echo on-error >&2\n');
      const { data } = await client.readStderr({ ...named, len: 4096 });
      expect(data.length).toBeGreaterThan(0);
      await type('exit 9\n');
      await readAll(harness, named);
      expect(await client.waitProcess(named)).toEqual({ status: 9 });
    },
  );
});
