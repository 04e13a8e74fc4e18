// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { pathExists } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('RemoveContainer $title', ({ skip, start }) => {
  test.skipIf(skip)('refuses a container that does not exist [INTERNAL]', async () => {
    await using harness = await start();
    await expect(harness.client.removeContainer({ containerId: 'nope' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'container_not_found'),
    );
  });

  test.skipIf(skip)(
    'kills what runs and leaves nothing, so that a second call fails [INTERNAL]',
    async () => {
      await using harness = await start();
      const { client, paths } = harness;
      await client.createSandbox({});
      await runContainer(harness, 'c1', sleeper);
      await client.execProcess(execRequest('c1', 'e1', sleeper));
      const waits = [
        client.waitProcess({ containerId: 'c1' }),
        client.waitProcess({ containerId: 'c1', execId: 'e1' }),
      ];
      await client.removeContainer({ containerId: 'c1' });
      expect(await Promise.all(waits)).toEqual([{ status: 137 }, { status: 137 }]);
      expect(await pathExists(harness, join(paths.kataDir, 'c1'))).toBe(false);
      await expect(client.removeContainer({ containerId: 'c1' })).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
    },
  );

  test.skipIf(skip)('frees the id', async () => {
    await using harness = await start();
    for (let round = 0; round < 2; round += 1) {
      await runContainer(harness, 'c1', sleeper);
      await harness.client.removeContainer({ containerId: 'c1', timeout: 10 });
    }
  });

  test.skipIf(skip)('removes a container that was never started, and one that has ended', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, sleeper));
    await client.removeContainer({ containerId: 'c1' });
    await runContainer(harness, 'c2', ['true']);
    await client.waitProcess({ containerId: 'c2' });
    await client.removeContainer({ containerId: 'c2' });
  });

  test.skipIf(skip)('ends a read that waits', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const read = harness.client.readStdout({ containerId: 'c1', len: 10 });
    await harness.client.removeContainer({ containerId: 'c1' });
    expect((await read).data).toHaveLength(0);
  });
});
