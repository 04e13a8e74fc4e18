// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { execRequest } from '../testing/test-spec.ts';

const limit = 16 * 1024 * 1024;
const limited = {
  linux: {
    namespaces: [{ type: 'mount' }],
    resources: { memory: { limit, swap: limit } },
  },
};
/** Keeps all it reads, because no line ends. */
const greedy = ['busybox', 'tail', '/dev/zero'];
/** Survives its greedy child. */
const greedyShell = ['sh', '-c', 'busybox tail /dev/zero; echo survived; sleep 1000'];

describe.each(testedAgents)('GetOOMEvent $title', ({ skip, start, kind }) => {
  const skipReal = skip || kind === 'fake';

  test.skipIf(skip)('ends with the sandbox [INTERNAL]', async () => {
    await using harness = await start();
    const { client } = harness;
    const waiting = client.getOOMEvent({});
    waiting.catch(() => undefined);
    await client.getGuestDetails({});
    await client.destroySandbox({});
    await expect(waiting).rejects.toMatchObject(refusal(Status.INTERNAL, 'shutting_down'));
  });

  test.skipIf(skipReal)('tells of a container whose program was killed for want of memory', async () => {
    await using harness = await start();
    const { client } = harness;
    const event = client.getOOMEvent({});
    await runContainer(harness, 'c1', sleeper);
    await runContainer(harness, 'c2', greedy, limited);
    expect(await event).toEqual({ containerId: 'c2' });
    expect(await client.waitProcess({ containerId: 'c2' })).toEqual({ status: 137 });
  });

  test.skipIf(skipReal)('tells of a container whose further process was killed', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper, limited);
    await client.execProcess(execRequest('c1', 'e1', greedy));
    expect(await client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 137 });
    expect(await client.getOOMEvent({})).toEqual({ containerId: 'c1' });
  });

  test.skipIf(skipReal || kind === 'crun')('tells while the first process lives on', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', greedyShell, limited);
    expect(await client.getOOMEvent({})).toEqual({ containerId: 'c1' });
    const { data } = await client.readStdout({ containerId: 'c1', len: 100 });
    expect(Buffer.from(data).toString()).toContain('survived');
  });

  test.skipIf(skipReal)('keeps events until somebody asks, also when the container is gone', async () => {
    await using harness = await start();
    const { client } = harness;
    const events: string[] = [];
    for (const containerId of ['c1', 'c2']) {
      await runContainer(harness, containerId, greedy, limited);
      await client.waitProcess({ containerId });
      await client.removeContainer({ containerId });
    }
    for (let count = 0; count < 2; count += 1) events.push((await client.getOOMEvent({})).containerId);
    expect(events).toEqual(['c1', 'c2']);
  });

  test.skipIf(skipReal)('does not lose the event of a caller who is gone', async () => {
    await using harness = await start();
    const { client } = harness;
    const lost = await harness.connect();
    lost.client.getOOMEvent({}).catch(() => undefined);
    await lost.client.getGuestDetails({});
    await lost[Symbol.asyncDispose]();
    const event = client.getOOMEvent({});
    await runContainer(harness, 'c1', greedy, limited);
    expect(await event).toEqual({ containerId: 'c1' });
  });

  test.skipIf(skip)('lets other calls pass while it waits', async () => {
    await using harness = await start();
    harness.client.getOOMEvent({}).catch(() => undefined);
    expect(await harness.health.check({})).toEqual({ status: 1 });
    await runContainer(harness, 'c1', ['true']);
    expect(await harness.client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });
});
