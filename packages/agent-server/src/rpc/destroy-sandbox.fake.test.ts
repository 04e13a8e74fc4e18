// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';

test('DestroySandbox stops at the first container that cannot be destroyed, and can be tried again', async () => {
  await using harness = await startFakeAgent();
  await runContainer(harness, 'c1', sleeper);
  harness.runtime.failures.delete = new Error('stuck');
  await expect(harness.client.destroySandbox({})).rejects.toMatchObject({ code: Status.INTERNAL });
  await harness.client.destroySandbox({});
  expect(harness.runtime.containers.size).toBe(0);
});
