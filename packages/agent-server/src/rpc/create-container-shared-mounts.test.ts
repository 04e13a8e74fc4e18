// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, test } from 'vitest';
import { shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { readAll, runContainer } from '../testing/ready-sandbox.ts';
import { createRequest, testSpec } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

const nameKey = 'io.kubernetes.cri.container-name';
const tmpfsAt = (destination: string) => ({ destination, type: 'tmpfs', source: 'tmpfs' });

/** Runs a container that has a tmpfs, and one in it, and says when a file is there. */
async function runWriter(harness: TestedAgentHarness, script: string): Promise<void> {
  const { mounts = [] } = testSpec(harness.rootfs, []);
  await runContainer(harness, 'writer', ['sh', '-c', `${script}; echo ready; sleep 1000`], {
    annotations: { [nameKey]: 'writer' },
    mounts: [...mounts, tmpfsAt('/tmp'), tmpfsAt('/etc')],
  });
  const { data } = await harness.client.readStdout({ containerId: 'writer', len: 99 });
  expect(Buffer.from(data).toString()).toBe('ready\n');
}

/** Runs a container that sees a mount of the other one, and tells what its program wrote. */
async function read(
  harness: TestedAgentHarness,
  paths: { readonly srcPath: string; readonly dstPath: string },
  script: string,
): Promise<string> {
  const request = createRequest('reader', harness.rootfs, ['sh', '-c', script]);
  const sharedMounts = [{ name: 'data', srcCtr: 'writer', dstCtr: 'reader', ...paths }];
  await harness.client.createContainer({ ...request, sharedMounts });
  await harness.client.startContainer({ containerId: 'reader' });
  return await readAll(harness, { containerId: 'reader' });
}

describe.each(testedAgents)('CreateContainer with shared mounts $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip: skip || kind === 'fake', start });
  afterEach(async () => {
    if (skip || kind === 'fake') return;
    for (const containerId of ['reader', 'writer']) {
      // A test may do without one of them.
      await agent()
        .client.removeContainer({ containerId })
        .catch(() => undefined);
    }
  });
  const skipped = skip || kind === 'fake';

  test.skipIf(skipped)('shows a mount of one container in another, as it goes on', async () => {
    const harness = agent();
    await runWriter(harness, 'echo one > /tmp/file');
    const script = 'cat /seen/deep/file; echo two > /seen/deep/file';
    const text = await read(harness, { srcPath: '/tmp', dstPath: '/seen/deep' }, script);
    expect(text).toBe('one\n');
    const exec = { containerId: 'writer', execId: 'look' };
    const { Process } = createRequest('writer', harness.rootfs, ['cat', '/tmp/file']).OCI ?? {};
    await harness.client.execProcess({ ...exec, process: Process });
    expect(await readAll(harness, exec)).toBe('two\n');
    // Nothing of it shows outside the containers.
    expect(await shellOutput(harness, `ls ${harness.rootfs}/seen/deep`)).toBe('');
  });

  test.skipIf(skipped)('keeps a target that is a link inside the container', async () => {
    const harness = agent();
    await shellOutput(harness, `ln -s /outside ${harness.rootfs}/link; mkdir ${harness.rootfs}/outside`);
    await runWriter(harness, 'echo one > /tmp/file');
    expect(await read(harness, { srcPath: '/tmp', dstPath: '/link' }, 'cat /outside/file')).toBe('one\n');
  });

  test.skipIf(skipped)('leaves out a mount of a container that is not there', async () => {
    const harness = agent();
    expect(await read(harness, { srcPath: '/tmp', dstPath: '/never' }, 'ls / | grep -c never')).toBe('0\n');
  });

  test.skipIf(skipped)(
    'leaves out what is not mounted in time',
    async () => {
      const harness = agent();
      await runWriter(harness, 'true');
      expect(await read(harness, { srcPath: '/bin', dstPath: '/never' }, 'ls / | grep -c never')).toBe('0\n');
    },
    30_000,
  );
});
