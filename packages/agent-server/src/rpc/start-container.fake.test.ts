// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';

test('StartContainer may be tried again after the runtime has failed', async () => {
  await using harness = await startFakeAgent();
  const { client, rootfs, runtime } = harness;
  await client.createContainer(createRequest('c1', rootfs, sleeper));
  runtime.failures.start = new Error('not now');
  await expect(client.startContainer({ containerId: 'c1' })).rejects.toMatchObject({ code: Status.INTERNAL });
  await client.startContainer({ containerId: 'c1' });
});
