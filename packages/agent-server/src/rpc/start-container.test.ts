// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('StartContainer $title', ({ skip, start }) => {
  test.skipIf(skip)('refuses a container that does not exist [INTERNAL]', async () => {
    await using harness = await start();
    await expect(harness.client.startContainer({ containerId: 'nope' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'container_not_found'),
    );
  });

  test.skipIf(skip)('refuses a second start at once [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.startContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is running'),
    );
  });

  test.skipIf(skip)('refuses one whose first process has died [INTERNAL]', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, sleeper));
    await client.signalProcess({ containerId: 'c1', execId: 'c1', signal: 9 });
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 137 });
    await expect(client.startContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is exited'),
    );
    await client.removeContainer({ containerId: 'c1' });
  });

  test.skipIf(skip)('takes a program that ends at once', async () => {
    await using harness = await start();
    for (let round = 0; round < 5; round += 1) {
      const containerId = `short-${round}`;
      await runContainer(harness, containerId, ['true']);
      expect(await harness.client.waitProcess({ containerId })).toEqual({ status: 0 });
      await harness.client.removeContainer({ containerId });
    }
  });
});
