// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { systemError } from '../testing/memory-pipe.ts';
import { refusal } from '../testing/refusal.ts';

describe('SetGuestDateTime on a fake machine', () => {
  test('hands on the time, beyond 2^53 too', async () => {
    await using harness = await startFakeAgent();
    await harness.client.setGuestDateTime({ Sec: 1_700_000_000n, Usec: 999_999n });
    await harness.client.setGuestDateTime({ Sec: 2n ** 60n, Usec: 0n });
    expect(harness.system.dateTimes).toEqual([
      [1_700_000_000n, 999_999n],
      [2n ** 60n, 0n],
    ]);
  });

  test('passes on what the kernel says [INTERNAL]', async () => {
    await using harness = await startFakeAgent();
    harness.system.failure = systemError('EPERM', 'Operation not permitted');
    await expect(harness.client.setGuestDateTime({ Sec: 1n, Usec: 0n })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EPERM: Operation not permitted'),
    );
  });
});
