// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('ReseedRandomDev $title', ({ skip, start }) => {
  test.skipIf(skip)('takes few and many bytes', async () => {
    await using harness = await start();
    for (const length of [1, 512, 512, 65_536]) {
      expect(await harness.client.reseedRandomDev({ data: Buffer.alloc(length, 7) })).toEqual({});
    }
  });

  test.skipIf(skip)('refuses no data [INTERNAL]', async () => {
    await using harness = await start();
    await expect(harness.client.reseedRandomDev({})).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'invalid_request'),
    );
  });
});
