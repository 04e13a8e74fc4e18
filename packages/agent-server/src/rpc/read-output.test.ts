// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';

describe.each(testedAgents)('ReadStdout and ReadStderr $title', ({ skip, start }) => {
  test.skipIf(skip).each([
    {
      title: 'an unknown container',
      request: { containerId: 'nope', len: 1 },
      code: Status.INVALID_ARGUMENT,
    },
    {
      title: 'an unknown exec id',
      request: { containerId: 'c1', execId: 'nope', len: 1 },
      code: Status.NOT_FOUND,
    },
  ])('refuse $title', async ({ request, code }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.readStdout(request)).rejects.toMatchObject({ code });
    await expect(harness.client.readStderr(request)).rejects.toMatchObject({ code });
  });

  test.skipIf(skip)('take no more than was asked for, and nothing for a length of 0', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['sh', '-c', 'echo 0123456789\nsleep 1000']);
    const read = async (len: number) =>
      Buffer.from((await harness.client.readStdout({ containerId: 'c1', len })).data).toString();
    expect([await read(0), await read(4), await read(4), await read(100)]).toEqual([
      '',
      '0123',
      '4567',
      '89\n',
    ]);
  });

  test.skipIf(skip)('wait for output however much is asked for', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['cat']);
    const read = harness.client.readStdout({ containerId: 'c1', len: 4_294_967_295 });
    await harness.client.writeStdin({ containerId: 'c1', data: Buffer.from('late') });
    expect(Buffer.from((await read).data).toString()).toBe('late');
  });

  test.skipIf(skip)('do not lose what a reader who is gone was waiting for', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['cat']);
    const lost = await harness.connect();
    const reading = lost.client.readStdout({ containerId: 'c1', len: 10 });
    reading.catch(() => undefined);
    await lost.client.statsContainer({ containerId: 'c1' });
    await lost[Symbol.asyncDispose]();
    await harness.client.writeStdin({ containerId: 'c1', data: Buffer.from('kept') });
    expect(
      Buffer.from((await harness.client.readStdout({ containerId: 'c1', len: 10 })).data).toString(),
    ).toBe('kept');
  });

  test.skipIf(skip)('end soon after the process although a descendant holds the pipe', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(
      execRequest('c1', 'e1', ['sh', '-c', 'echo before\nsleep 1000 &\nexit 4']),
    );
    const named = { containerId: 'c1', execId: 'e1' };
    const startedAtMs = performance.now();
    const texts = await Promise.all([readAll(harness, named), readAll(harness, named, 'readStderr')]);
    expect(texts).toEqual(['before\n', '']);
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
    expect(await harness.client.waitProcess(named)).toEqual({ status: 4 });
  });
});
