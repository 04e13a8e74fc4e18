// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { createRequest } from '../testing/test-spec.ts';

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
