// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent, testedAgents } from '../testing/agent-harness.ts';
import { readAll, runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe.each(testedAgents)('ExecProcess $title', ({ skip, start }) => {
  test.skipIf(skip)('runs a program at once and keeps its exit code', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.execProcess(execRequest('c1', 'e1', ['sh', '-c', 'echo out\necho err >&2\nexit 3']));
    const named = { containerId: 'c1', execId: 'e1' };
    expect(await readAll(harness, named)).toBe('out\n');
    expect(await readAll(harness, named, 'readStderr')).toBe('err\n');
    expect(await client.waitProcess(named)).toEqual({ status: 3 });
    await expect(client.waitProcess(named)).rejects.toMatchObject({ code: Status.NOT_FOUND });
  });

  test.skipIf(skip)('never loses the end of programs that end at once', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const codes = await Promise.all(
      [0, 1, 2, 3, 4, 5, 6, 7].map(async (code) => {
        const execId = `e${code}`;
        await harness.client.execProcess(execRequest('c1', execId, ['sh', '-c', `exit ${code}`]));
        return (await harness.client.waitProcess({ containerId: 'c1', execId })).status;
      }),
    );
    expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test.skipIf(skip)('works in a container that has not been started', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, sleeper));
    await client.execProcess(execRequest('c1', 'e1', ['sh', '-c', 'echo early']));
    expect(await readAll(harness, { containerId: 'c1', execId: 'e1' })).toBe('early\n');
  });

  test.skipIf(skip).each([
    { title: 'a program that is not there', args: ['/no/such'], text: 'program_not_found' },
    { title: 'a program that is not in PATH', args: ['nosuch'], text: 'program_not_found' },
    { title: 'a directory as program', args: ['/etc'], text: 'program_not_executable' },
    { title: 'no arguments', args: [], text: 'has no program' },
  ])('refuses $title and frees the exec id', async ({ args, text }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.execProcess(execRequest('c1', 'e1', args))).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
    await expect(harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).rejects.toMatchObject({
      code: Status.NOT_FOUND,
    });
    await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
    expect(await harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('refuses an exec id in use, the id of the container and none', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', sleeper));
    for (const execId of ['e1', 'c1', '']) {
      await expect(harness.client.execProcess(execRequest('c1', execId, ['true']))).rejects.toMatchObject(
        refusal(Status.INTERNAL, 'process_exists'),
      );
    }
  });

  test.skipIf(skip)('refuses a container that does not exist or has ended, and no process', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['true']);
    await expect(client.execProcess({ containerId: 'c1', execId: 'e1' })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    await client.waitProcess({ containerId: 'c1' });
    for (const containerId of ['c1', 'nope']) {
      await expect(client.execProcess(execRequest(containerId, 'e1', ['true']))).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
    }
  });
});

test('ExecProcess borrows the capabilities of the container', async () => {
  await using harness = await startFakeAgent();
  const requests: unknown[] = [];
  const exec = harness.runtime.exec.bind(harness.runtime);
  harness.runtime.exec = async (request) => {
    requests.push(request.process.capabilities);
    return await exec(request);
  };
  const changes = {
    process: { args: ['sleep'], cwd: '/', capabilities: { bounding: ['CAP_KILL'], effective: ['CAP_KILL'] } },
  };
  await runContainer(harness, 'c1', sleeper, changes);
  await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
  const own = { Bounding: [], Effective: [], Inheritable: [], Permitted: [], Ambient: [] };
  await harness.client.execProcess(execRequest('c1', 'e2', ['true'], { Capabilities: own }));
  expect(requests[0]).toMatchObject({ bounding: ['CAP_KILL'], effective: ['CAP_KILL'] });
  expect(JSON.stringify(requests[1])).not.toContain('CAP_KILL');
});
