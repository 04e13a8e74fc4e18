// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('MemHotplugByProbe $title', ({ skip, start }) => {
  test.skipIf(skip)('has nothing to do without addresses', async () => {
    await using harness = await start();
    expect(await harness.client.memHotplugByProbe({})).toEqual({});
  });

  test.skipIf(skip)('fails where the kernel sees plugged memory by itself [INTERNAL]', async () => {
    await using harness = await start();
    const { supportMemHotplugProbe } = await harness.client.getGuestDetails({ memHotplugProbe: true });
    expect(supportMemHotplugProbe).toBe(false);
    await expect(
      harness.client.memHotplugByProbe({ memHotplugProbeAddr: [0x1_0000_0000n] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'ENOENT'));
  });
});
