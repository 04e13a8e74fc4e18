// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('DestroySandbox $title', ({ skip, start }) => {
  test.skipIf(skip)('destroys all containers, ends, and fails the second time [INTERNAL]', async () => {
    await using harness = await start();
    const { client } = harness;
    await client.createSandbox({});
    await runContainer(harness, 'c1', sleeper);
    await runContainer(harness, 'c2', sleeper);
    const pending = [
      client.waitProcess({ containerId: 'c1' }),
      client.readStdout({ containerId: 'c2', len: 9 }),
    ];
    const [first, second] = await Promise.allSettled([client.destroySandbox({}), client.destroySandbox({})]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({
      status: 'rejected',
      reason: refusal(Status.INTERNAL, 'shutting_down'),
    });
    await harness.ended;
    expect(await Promise.allSettled(pending)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
    ]);
  });
});
