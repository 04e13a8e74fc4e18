// SPDX-License-Identifier: Apache-2.0
import { expect, test, describe } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { createRequest } from '../testing/test-spec.ts';

describe.each(testedAgents)('WaitProcess $title', ({ skip, start }) => {
  test.skipIf(skip)('gives the exit code', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createSandbox({ sandboxId: 'sb', hostname: 'box' });
    await client.createContainer(createRequest('c1', rootfs, ['sh', '-c', 'echo hello\nexit 7']));
    await client.startContainer({ containerId: 'c1' });
    const { data } = await client.readStdout({ containerId: 'c1', execId: '', len: 100 });
    expect(Buffer.from(data).toString()).toBe('hello\n');
    expect(await client.readStdout({ containerId: 'c1', len: 100 })).toMatchObject({ data: { length: 0 } });
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 7 });
    await client.removeContainer({ containerId: 'c1' });
  });
});
