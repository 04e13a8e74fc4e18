// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { shellOutput } from '../testing/agent-files.ts';

describe.each(testedAgents)('RemoveStaleVirtiofsShareMounts $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  test.skipIf(skip)('succeeds where nothing is mounted', async () => {
    const harness = agent();
    expect(await harness.client.removeStaleVirtiofsShareMounts({})).toEqual({});
  });

  test.skipIf(skip || kind === 'fake')('leaves a mount alone that is in order', async () => {
    const harness = agent();
    const mountPoint = `${harness.paths.sharedDir}/mounted`;
    await harness.client.createSandbox({});
    await shellOutput(harness, `mkdir -p ${mountPoint} && mount -t tmpfs tmpfs ${mountPoint}`);
    await harness.client.removeStaleVirtiofsShareMounts({});
    expect((await harness.shell(`grep ' ${mountPoint} ' /proc/mounts`)).exitCode).toBe(0);
    await shellOutput(harness, `umount ${mountPoint}`);
  });
});
