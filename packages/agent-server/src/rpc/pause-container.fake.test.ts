// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { AgentError } from '../errors/agent-error.ts';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';

test('PauseContainer leaves a container running that did not freeze [INTERNAL]', async () => {
  await using harness = await startFakeAgent();
  const { client, runtime } = harness;
  await runContainer(harness, 'c1', sleeper);
  runtime.cgroups.at('/c1').failure = new AgentError('system_failed', 'did not freeze');
  await expect(client.pauseContainer({ containerId: 'c1' })).rejects.toMatchObject(
    refusal(Status.INTERNAL, 'did not freeze'),
  );
  await client.pauseContainer({ containerId: 'c1' });
  expect(runtime.cgroups.at('/c1').isFrozen).toBe(true);
});
