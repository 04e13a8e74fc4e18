// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { cgroupText } from '../testing/cgroup-text.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';

const frozen = { v2: 'cgroup.events', v1: 'freezer/freezer.state' };
const restless = ['sh', '-c', 'while true; do sleep 0; done'];

describe.each(testedAgents)('PauseContainer $title', ({ skip, start, kind }) => {
  const skipReal = skip || kind === 'fake';

  test.skipIf(skip)('refuses a container that does not exist [INVALID_ARGUMENT]', async () => {
    await using harness = await start();
    await expect(harness.client.pauseContainer({ containerId: 'nope' })).rejects.toMatchObject(
      refusal(Status.INVALID_ARGUMENT, 'container_not_found'),
    );
  });

  test.skipIf(skip)('refuses one that is paused already [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.pauseContainer({ containerId: 'c1' });
    await expect(harness.client.pauseContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is paused'),
    );
  });

  test.skipIf(skip)('refuses one that has ended [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['true']);
    await harness.client.waitProcess({ containerId: 'c1' });
    await expect(harness.client.pauseContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is exited'),
    );
  });

  test.skipIf(skipReal)('answers when everything stands still', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', restless);
    await harness.client.pauseContainer({ containerId: 'c1' });
    expect(await cgroupText(harness, 'c1', frozen)).toMatch(/^FROZEN$|^frozen 1$/m);
  });

  test.skipIf(skip)('stops input and output until the container is resumed', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['cat']);
    await client.pauseContainer({ containerId: 'c1' });
    await client.writeStdin({ containerId: 'c1', data: Buffer.from('kept') });
    const read = client.readStdout({ containerId: 'c1', len: 10 });
    await client.resumeContainer({ containerId: 'c1' });
    expect(Buffer.from((await read).data).toString()).toBe('kept');
  });

  test.skipIf(skip)('takes a container before its start, which then has to wait', async () => {
    await using harness = await start();
    const { client, rootfs } = harness;
    await client.createContainer(createRequest('c1', rootfs, ['true']));
    await client.pauseContainer({ containerId: 'c1' });
    await expect(client.startContainer({ containerId: 'c1' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is paused'),
    );
    await client.resumeContainer({ containerId: 'c1' });
    await client.startContainer({ containerId: 'c1' });
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('leaves room for statistics and limits, but not for a new process', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.pauseContainer({ containerId: 'c1' });
    await client.updateContainer({ containerId: 'c1', resources: { Pids: { Limit: 50n } } });
    expect((await client.statsContainer({ containerId: 'c1' })).cgroupStats?.pidsStats?.current).toBe(1n);
    await expect(client.execProcess(execRequest('c1', 'e1', ['true']))).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is paused'),
    );
  });

  test.skipIf(skip)('does not protect from SIGKILL', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper);
    await client.execProcess(execRequest('c1', 'e1', sleeper));
    await client.pauseContainer({ containerId: 'c1' });
    await client.signalProcess({ containerId: 'c1', signal: 9 });
    for (const execId of ['e1', 'c1']) {
      expect(await client.waitProcess({ containerId: 'c1', execId })).toEqual({ status: 137 });
    }
  });

  test.skipIf(skip)('does not stand in the way of a removal', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', restlessOn(kind));
    await harness.client.pauseContainer({ containerId: 'c1' });
    await harness.client.removeContainer({ containerId: 'c1' });
    expect(await cgroupText(harness, 'c1', frozen)).toBeUndefined();
  });
});

/** A fake shell has no loops. */
function restlessOn(kind: string): readonly string[] {
  return kind === 'fake' ? sleeper : restless;
}
