// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';

const [sigkill, sigterm, sigusr1] = [9, 15, 10];
const handler = ['sh', '-c', 'trap "exit 5" TERM\necho ready\nsleep 1000 &\nwait'];

describe.each(testedAgents)('SignalProcess $title', ({ skip, start }) => {
  test.skipIf(skip).each([
    { title: 'any signal', containerId: 'nope', execId: '', signal: sigterm, code: Status.INVALID_ARGUMENT },
    { title: 'SIGKILL for all', containerId: 'nope', execId: '', signal: sigkill, code: Status.INTERNAL },
    {
      title: 'an unknown exec id',
      containerId: 'c1',
      execId: 'nope',
      signal: sigkill,
      code: Status.NOT_FOUND,
    },
  ])('refuses $title of what does not exist', async ({ code, ...request }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.signalProcess(request)).rejects.toMatchObject({ code });
  });

  test.skipIf(skip)('turns SIGTERM into SIGKILL for an init that does not care for it', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.signalProcess({ containerId: 'c1', signal: sigterm });
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 137 });
  });

  test.skipIf(skip)('leaves SIGTERM to an init that handles it', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', handler);
    await harness.client.readStdout({ containerId: 'c1', len: 10 });
    await harness.client.signalProcess({ containerId: 'c1', execId: 'c1', signal: sigterm });
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 5 });
  });

  test.skipIf(skip)('sends SIGTERM to an exec as it is', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', sleeper));
    await harness.client.signalProcess({ containerId: 'c1', execId: 'e1', signal: sigterm });
    expect(await harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 143 });
  });

  test.skipIf(skip)('takes a process that has ended but was not waited for as success', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', ['true']));
    expect((await harness.client.readStdout({ containerId: 'c1', execId: 'e1', len: 1 })).data).toHaveLength(
      0,
    );
    for (const signal of [sigusr1, sigkill]) {
      await harness.client.signalProcess({ containerId: 'c1', execId: 'e1', signal });
    }
    expect(await harness.client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('kills the whole container by SIGKILL without exec id', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', handler));
    await harness.client.readStdout({ containerId: 'c1', execId: 'e1', len: 10 });
    await harness.client.signalProcess({ containerId: 'c1', signal: sigkill });
    for (const execId of ['e1', 'c1']) {
      expect(await harness.client.waitProcess({ containerId: 'c1', execId })).toEqual({ status: 137 });
    }
    await harness.client.signalProcess({ containerId: 'c1', signal: sigkill });
  });
});
