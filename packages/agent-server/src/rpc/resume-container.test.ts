// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { cgroupText } from '../testing/cgroup-text.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { execRequest } from '../testing/test-spec.ts';

describe.each(testedAgents)('ResumeContainer $title', ({ skip, start, kind }) => {
  test.skipIf(skip)('refuses a container that does not exist [INVALID_ARGUMENT]', async () => {
    await using harness = await start();
    await expect(harness.client.resumeContainer({ containerId: 'nope' })).rejects.toMatchObject(
      refusal(Status.INVALID_ARGUMENT, 'container_not_found'),
    );
  });

  test.skipIf(skip)('refuses one that runs, and one that has ended [INTERNAL]', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['cat']);
    await expect(client.resumeContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is running'),
    );
    await client.closeStdin({ containerId: 'c1' });
    await client.waitProcess({ containerId: 'c1' });
    await expect(client.resumeContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is exited'),
    );
  });

  test.skipIf(skip)('refuses one that was killed while it was paused [INTERNAL]', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.pauseContainer({ containerId: 'c1' });
    await client.signalProcess({ containerId: 'c1', signal: 9 });
    await client.waitProcess({ containerId: 'c1' });
    await expect(client.resumeContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is exited'),
    );
  });

  test.skipIf(skip)('lets the container go on, as often as it is paused', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    for (let round = 0; round < 3; round += 1) {
      await client.pauseContainer({ containerId: 'c1' });
      await client.resumeContainer({ containerId: 'c1' });
    }
    await client.execProcess(execRequest('c1', 'e1', ['sh', '-c', 'echo alive']));
    expect(await readAll(harness, { containerId: 'c1', execId: 'e1' })).toBe('alive\n');
  });

  test.skipIf(skip || kind === 'fake')('thaws the cgroup', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.pauseContainer({ containerId: 'c1' });
    await harness.client.resumeContainer({ containerId: 'c1' });
    const frozen = { v2: 'cgroup.events', v1: 'freezer/freezer.state' };
    expect(await cgroupText(harness, 'c1', frozen)).toMatch(/^THAWED$|^frozen 0$/m);
  });
});
