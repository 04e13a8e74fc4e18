// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent, testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';

describe.each(testedAgents)('TtyWinResize $title', ({ skip, start }) => {
  test.skipIf(skip).each([
    { title: 'an unknown container', request: { containerId: 'nope' }, code: Status.INVALID_ARGUMENT },
    { title: 'an unknown exec id', request: { containerId: 'c1', execId: 'nope' }, code: Status.NOT_FOUND },
    { title: 'a process without terminal', request: { containerId: 'c1' }, code: Status.UNAVAILABLE },
  ])('refuses $title', async ({ request, code }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.ttyWinResize({ ...request, row: 24, column: 80 })).rejects.toMatchObject({
      code,
    });
  });
});

test('TtyWinResize takes sizes before the start, and 16 bits of them', async () => {
  await using harness = await startFakeAgent();
  const { client, rootfs, runtime } = harness;
  const process = { terminal: true, args: ['cat'], cwd: '/' };
  await client.createContainer(createRequest('c1', rootfs, ['cat'], { process }));
  await client.ttyWinResize({ containerId: 'c1', row: 24, column: 80 });
  await client.ttyWinResize({ containerId: 'c1', row: 65_537, column: 65_538 });
  expect(runtime.containers.get('c1')!.init.sizes).toEqual([
    { rows: 24, columns: 80 },
    { rows: 1, columns: 2 },
  ]);
});
