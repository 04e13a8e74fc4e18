// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { execRequest } from '../testing/test-spec.ts';

const [sigkill, sigterm, sigusr1] = [9, 15, 10];
const handler = ['sh', '-c', 'trap "exit 5" TERM\necho ready\nsleep 1000 &\nwait'];

describe.each(testedAgents)('SignalProcess $title', ({ skip, start }) => {
  test.skipIf(skip).each([
    {
      title: 'any signal to an unknown container [INVALID_ARGUMENT]',
      containerId: 'nope',
      execId: '',
      signal: sigterm,
      code: Status.INVALID_ARGUMENT,
    },
    {
      title: 'SIGKILL for all of an unknown container [INTERNAL]',
      containerId: 'nope',
      execId: '',
      signal: sigkill,
      code: Status.INTERNAL,
    },
    {
      title: 'a signal to an unknown exec id [NOT_FOUND]',
      containerId: 'c1',
      execId: 'nope',
      signal: sigkill,
      code: Status.NOT_FOUND,
    },
  ])('refuses $title', async ({ code, ...request }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.signalProcess(request)).rejects.toMatchObject({ code });
  });

  test.skipIf(skip)('refuses a number that is no signal [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.signalProcess({ containerId: 'c1', signal: 99 })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EINVAL'),
    );
  });

  test.skipIf(skip)('refuses a process that has been waited for [NOT_FOUND]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['true']);
    await harness.client.waitProcess({ containerId: 'c1' });
    await expect(harness.client.signalProcess({ containerId: 'c1', signal: sigterm })).rejects.toMatchObject({
      code: Status.NOT_FOUND,
    });
  });

  test.skipIf(skip).each([
    { name: 'SIGHUP', signal: 1 },
    { name: 'SIGINT', signal: 2 },
    { name: 'SIGQUIT', signal: 3 },
    { name: 'SIGKILL', signal: 9 },
    { name: 'SIGUSR1', signal: 10 },
    { name: 'SIGTERM', signal: 15 },
    { name: 'the last of the real-time signals', signal: 64 },
  ])('ends a further process by $name, which its exit code tells', async ({ signal }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', sleeper));
    const named = { containerId: 'c1', execId: 'e1' };
    await harness.client.signalProcess({ ...named, signal: 0 });
    await harness.client.signalProcess({ ...named, signal });
    expect(await harness.client.waitProcess(named)).toEqual({ status: 128 + signal });
  });

  test.skipIf(skip)('kills only the first process by SIGKILL with its exec id, and so the rest', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.execProcess(execRequest('c1', 'e1', sleeper));
    await harness.client.signalProcess({ containerId: 'c1', execId: 'c1', signal: sigkill });
    for (const execId of ['', 'e1']) {
      expect(await harness.client.waitProcess({ containerId: 'c1', execId })).toEqual({ status: 137 });
    }
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
