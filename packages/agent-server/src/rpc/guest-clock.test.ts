// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';
import { systemError } from '../testing/memory-pipe.ts';

test('SetGuestDateTime sets the clock, beyond 2^53 too', async () => {
  await using harness = await startFakeAgent();
  await harness.client.setGuestDateTime({ Sec: 1_700_000_000n, Usec: 999_999n });
  await harness.client.setGuestDateTime({ Sec: 2n ** 60n, Usec: 0n });
  expect(harness.system.dateTimes).toEqual([
    [1_700_000_000n, 999_999n],
    [2n ** 60n, 0n],
  ]);
});

test('SetGuestDateTime passes on what the kernel says', async () => {
  await using harness = await startFakeAgent();
  harness.system.failure = systemError('EPERM', 'Operation not permitted');
  await expect(harness.client.setGuestDateTime({ Sec: 1n, Usec: 0n })).rejects.toMatchObject(
    refusal(Status.INTERNAL, 'EPERM: Operation not permitted'),
  );
});

test('ReseedRandomDev adds the data', async () => {
  await using harness = await startFakeAgent();
  await harness.client.reseedRandomDev({ data: Buffer.from([1, 2, 3]) });
  expect(harness.system.entropy.map((bytes) => [...bytes])).toEqual([[1, 2, 3]]);
});

test.each([
  { title: 'no data', data: [], failure: undefined, text: 'invalid_request' },
  { title: 'what the kernel refuses', data: [1], failure: systemError('EPERM', 'no'), text: 'EPERM: no' },
])('ReseedRandomDev refuses $title', async ({ data, failure, text }) => {
  await using harness = await startFakeAgent();
  harness.system.failure = failure;
  await expect(harness.client.reseedRandomDev({ data: Buffer.from(data) })).rejects.toMatchObject(
    refusal(Status.INTERNAL, text),
  );
});
