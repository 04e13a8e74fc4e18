// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';
import { unknownProcesses } from '../testing/unknown-processes.ts';

describe.each(testedAgents)('WaitProcess $title', ({ skip, start }) => {
  test.skipIf(skip).each(unknownProcesses)('refuses $title', async ({ request, code }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.waitProcess(request)).rejects.toMatchObject({ code });
  });

  test.skipIf(skip).each([
    { title: 'no exec id', execId: '' },
    { title: 'the id of the container', execId: 'c1' },
  ])('gives the exit code of init by $title, once [NOT_FOUND]', async ({ execId }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['sh', '-c', 'echo hello\nexit 7']);
    const named = { containerId: 'c1', execId };
    expect(await readAll(harness, named)).toBe('hello\n');
    expect(await harness.client.waitProcess(named)).toEqual({ status: 7 });
    await expect(harness.client.waitProcess(named)).rejects.toMatchObject({ code: Status.NOT_FOUND });
  });

  test.skipIf(skip)('gives all who wait the same code', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const waits = [1, 2, 3].map(() => harness.client.waitProcess({ containerId: 'c1' }));
    await harness.client.signalProcess({ containerId: 'c1', execId: 'c1', signal: 9 });
    expect(await Promise.all(waits)).toEqual([{ status: 137 }, { status: 137 }, { status: 137 }]);
  });

  test.skipIf(skip)('keeps the code for another when a waiter is gone', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const lost = await harness.connect();
    const waiting = lost.client.waitProcess({ containerId: 'c1' });
    waiting.catch(() => undefined);
    await lost.client.statsContainer({ containerId: 'c1' });
    await lost[Symbol.asyncDispose]();
    await harness.client.signalProcess({ containerId: 'c1', signal: 9 });
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 137 });
  });

  test.skipIf(skip)('does not cut off output that is being read', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(
      execRequest('c1', 'e1', ['sh', '-c', `echo ${'x'.repeat(30_000)}\nexit 0`]),
    );
    const named = { containerId: 'c1', execId: 'e1' };
    const [text, { status }] = await Promise.all([
      readAll(harness, named),
      harness.client.waitProcess(named),
    ]);
    expect(text).toHaveLength(30_001);
    expect(status).toBe(0);
  });

  test.skipIf(skip)('does not wait for output nobody reads', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['sh', '-c', 'echo unread\nexit 0']);
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('lets other calls pass while it waits', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const waits = Array.from({ length: 20 }, () => harness.client.waitProcess({ containerId: 'c1' }));
    expect(await harness.health.check({})).toEqual({ status: 1 });
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await Promise.all(waits)).toHaveLength(20);
  });
});
