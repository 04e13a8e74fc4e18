// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { storageDrivers } from '../storage/storage-drivers.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { agentVersion } from '../version.ts';

describe.each(testedAgents)('GetGuestDetails $title', ({ skip, start, title }) => {
  test.skipIf(skip)('tells what the agent can do', async () => {
    await using harness = await start();
    expect(await harness.client.getGuestDetails({})).toEqual({
      memBlockSizeBytes: 0n,
      supportMemHotplugProbe: false,
      agentDetails: {
        version: agentVersion,
        initDaemon: title.includes('fake'),
        deviceHandlers: [],
        storageHandlers: [...storageDrivers.keys()],
        supportsSeccomp: true,
        extraFeatures: ['seccomp'],
      },
    });
  });

  test.skipIf(skip)('looks at memory only when asked', async () => {
    await using harness = await start();
    const details = await harness.client.getGuestDetails({ memBlockSize: true, memHotplugProbe: true });
    expect(details.memBlockSizeBytes % 4096n).toBe(0n);
    expect(typeof details.supportMemHotplugProbe).toBe('boolean');
  });
});
