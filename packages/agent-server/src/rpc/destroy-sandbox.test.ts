// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent, testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('DestroySandbox $title', ({ skip, start }) => {
  test.skipIf(skip)('destroys all containers, tells so, and fails the second time', async () => {
    await using harness = await start();
    const { client, agent } = harness;
    await client.createSandbox({});
    await runContainer(harness, 'c1', sleeper);
    await runContainer(harness, 'c2', sleeper);
    const pending = [
      client.waitProcess({ containerId: 'c1' }),
      client.readStdout({ containerId: 'c2', len: 9 }),
    ];
    await client.destroySandbox({});
    await agent.sandboxDestroyed;
    expect(await Promise.allSettled(pending)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
    ]);
    await expect(client.destroySandbox({})).rejects.toMatchObject(refusal(Status.INTERNAL, 'shutting_down'));
  });
});

test('DestroySandbox stops at the first container that cannot be destroyed, and can be tried again', async () => {
  await using harness = await startFakeAgent();
  await runContainer(harness, 'c1', sleeper);
  harness.runtime.failures.delete = new Error('stuck');
  await expect(harness.client.destroySandbox({})).rejects.toMatchObject({ code: Status.INTERNAL });
  await harness.client.destroySandbox({});
  expect(harness.runtime.containers.size).toBe(0);
});
