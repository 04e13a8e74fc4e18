// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { systemError } from '../testing/memory-pipe.ts';
import { refusal } from '../testing/refusal.ts';

describe('ReseedRandomDev on a fake machine', () => {
  test('hands on the data', async () => {
    await using harness = await startFakeAgent();
    await harness.client.reseedRandomDev({ data: Buffer.from([1, 2, 3]) });
    expect(harness.system.entropy.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
  });

  test('passes on what the kernel says [INTERNAL]', async () => {
    await using harness = await startFakeAgent();
    harness.system.failure = systemError('EPERM', 'no');
    await expect(harness.client.reseedRandomDev({ data: Buffer.from([1]) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EPERM: no'),
    );
  });
});
