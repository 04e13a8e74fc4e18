// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';

describe.each(testedAgents)('StatsContainer $title', ({ skip, start }) => {
  test.skipIf(skip)('refuses a container that does not exist', async () => {
    await using harness = await start();
    await expect(harness.client.statsContainer({ containerId: 'nope' })).rejects.toMatchObject({
      code: Status.INVALID_ARGUMENT,
    });
  });

  test.skipIf(skip)('counts the processes, and leaves out what is not counted', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const { cgroupStats, networkStats } = await harness.client.statsContainer({ containerId: 'c1' });
    expect(cgroupStats?.pidsStats?.current).toBe(1n);
    expect(cgroupStats?.hugetlbStats).toBeDefined();
    expect(networkStats).toEqual([]);
  });
});
