// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type FakeAgentHarness, startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';

describe('GetOOMEvent on a fake machine', () => {
  const runOut = ({ runtime }: FakeAgentHarness, id: string) => runtime.cgroups.at(`/${id}`).runOutOfMemory();

  test('tells of each container once, and each event to one caller', async () => {
    await using harness = await startFakeAgent();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await runContainer(harness, 'c2', sleeper);
    const both = Promise.all([client.getOOMEvent({}), client.getOOMEvent({})]);
    runOut(harness, 'c1');
    runOut(harness, 'c1');
    runOut(harness, 'c2');
    expect((await both).map(({ containerId }) => containerId).toSorted()).toEqual(['c1', 'c2']);
  });

  test('does not watch the infrastructure container', async () => {
    await using harness = await startFakeAgent();
    const { client } = harness;
    await client.createSandbox({ sandboxId: 'sb' });
    await runContainer(harness, 'sb', sleeper);
    await runContainer(harness, 'c1', sleeper);
    runOut(harness, 'sb');
    runOut(harness, 'c1');
    expect(await client.getOOMEvent({})).toEqual({ containerId: 'c1' });
  });

  test('watches from the start on, and not twice after a start that failed', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs, runtime } = harness;
    await client.createContainer(createRequest('c1', rootfs, sleeper));
    runtime.failures.start = new Error('not now');
    await expect(client.startContainer({ containerId: 'c1' })).rejects.toThrow();
    await client.startContainer({ containerId: 'c1' });
    await runContainer(harness, 'c2', sleeper);
    runOut(harness, 'c1');
    runOut(harness, 'c2');
    const events = [await client.getOOMEvent({}), await client.getOOMEvent({})];
    expect(events).toEqual([{ containerId: 'c1' }, { containerId: 'c2' }]);
  });
});
