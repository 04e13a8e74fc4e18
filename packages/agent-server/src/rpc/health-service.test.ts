// SPDX-License-Identifier: Apache-2.0
import { GRPC_API_VERSION } from '@hako/protocols';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { agentVersion } from '../version.ts';

describe.each(testedAgents)('Check and Version $title', ({ skip, start }) => {
  test.skipIf(skip).each(['', 'grpc.AgentService', 'whatever'])(
    'answer for the service %j as for any',
    async (service) => {
      await using harness = await start();
      expect(await harness.health.check({ service })).toEqual({ status: 1 });
      expect(await harness.health.version({ service })).toEqual({
        grpcVersion: GRPC_API_VERSION,
        agentVersion,
      });
    },
  );

  test.skipIf(skip)('answer while another call waits', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const waiting = harness.client.waitProcess({ containerId: 'c1' });
    expect(await harness.health.check({})).toEqual({ status: 1 });
    expect((await harness.health.version({})).agentVersion).toBe(agentVersion);
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await waiting).toEqual({ status: 137 });
  });
});
