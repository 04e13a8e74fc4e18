// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';

const request = { disabled: false, compactOrder: 4 };

describe.each(testedAgents)('MemAgentCompactSet $title', ({ skip, start }) => {
  test.skipIf(skip)('refuses while the memory agent is off [INTERNAL]', async () => {
    await using harness = await start();
    await expect(harness.client.memAgentCompactSet(request)).rejects.toMatchObject({
      code: Status.INTERNAL,
      details: 'mem-agent is disabled',
    });
  });

  test.skipIf(skip)('takes some settings, and none, while it is on', async () => {
    await using harness = await start({ kernelWords: ['agent.mem_agent_enable=true'] });
    expect(await harness.client.memAgentCompactSet(request)).toEqual({});
    expect(await harness.client.memAgentCompactSet({})).toEqual({});
  });
});
