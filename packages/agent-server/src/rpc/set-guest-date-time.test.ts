// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';

describe.each(testedAgents)('SetGuestDateTime $title', ({ skip, kind, start }) => {
  // The other agents have this machine's clock.
  test.skipIf(skip || kind !== 'guest')('sets the clock', async () => {
    await using harness = await start();
    const now = async () => Number(await shellOutput(harness, 'date +%s'));
    const wanted = 2_000_000_000;
    const before = await now();
    await harness.client.setGuestDateTime({ Sec: BigInt(wanted), Usec: 999_999n });
    const after = await now();
    await harness.client.setGuestDateTime({ Sec: BigInt(before), Usec: 0n });
    expect(after).toBeGreaterThanOrEqual(wanted);
    expect(after).toBeLessThan(wanted + 60);
    expect(await now()).toBeLessThan(before + 60);
  });

  test.skipIf(skip || kind === 'fake')('refuses what is no time [INTERNAL]', async () => {
    await using harness = await start();
    for (const time of [
      { Sec: 1n, Usec: 1_000_000n },
      { Sec: 1n, Usec: -1n },
      { Sec: -1n, Usec: 0n },
      { Sec: 2n ** 60n, Usec: 0n },
    ]) {
      await expect(harness.client.setGuestDateTime(time)).rejects.toMatchObject({ code: Status.INTERNAL });
    }
  });
});
