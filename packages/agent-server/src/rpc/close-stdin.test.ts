// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, readUntil, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';
import { unknownProcesses } from '../testing/unknown-processes.ts';

describe.each(testedAgents)('CloseStdin $title', ({ skip, start, kind }) => {
  test.skipIf(skip).each(unknownProcesses)('refuses $title', async ({ request, code }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.closeStdin(request)).rejects.toMatchObject({ code });
  });

  test.skipIf(skip)('refuses a process that has been waited for [NOT_FOUND]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['true']);
    await harness.client.waitProcess({ containerId: 'c1' });
    await expect(harness.client.closeStdin({ containerId: 'c1' })).rejects.toMatchObject({
      code: Status.NOT_FOUND,
    });
  });

  test.skipIf(skip)('ends the input, as often as it is called', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['cat']);
    await client.writeStdin({ containerId: 'c1', data: Buffer.from('abc') });
    await client.closeStdin({ containerId: 'c1', execId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe('abc');
    await client.closeStdin({ containerId: 'c1' });
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip || kind === 'fake')('hangs a terminal up', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.execProcess(execRequest('c1', 'e1', ['sh'], { Terminal: true }));
    const named = { containerId: 'c1', execId: 'e1' };
    await client.writeStdin({ ...named, data: Buffer.from('echo up\n') });
    await readUntil(harness, named, 'up');
    await client.closeStdin(named);
    await client.closeStdin(named);
    expect((await client.waitProcess(named)).status).toBeGreaterThan(128);
  });
});
