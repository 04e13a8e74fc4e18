// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { shellOutput } from '../testing/agent-files.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { addDisk } from '../testing/test-disk.ts';
import type { TestDisk } from '../testing/test-disk.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

/** The node of a disk, which a guest knows by its PCI path only: the last virtio disk that has come. */
async function nodeOf(harness: TestedAgentHarness, { source }: TestDisk): Promise<string> {
  if (source.startsWith('/dev/')) return source;
  const find = 'until ls /dev/vd? | tail -n 1 | grep -v vda; do usleep 200000; done';
  return (await shellOutput(harness, find)).trim();
}

describe.each(testedAgents)('AddSwapPath $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  test.skipIf(skip || kind === 'fake')('uses a disk, once', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'swap', contentMib: 16 });
    const path = await nodeOf(harness, disk);
    await harness.client.addSwapPath({ path });
    expect(await shellOutput(harness, `grep '^${path} ' /proc/swaps`)).toMatch(/\s16380\s/);
    await expect(harness.client.addSwapPath({ path })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EBUSY'),
    );
  });

  test.skipIf(skip || kind === 'fake')('refuses a disk without a swap signature [INTERNAL]', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'nothing', contentMib: 16 });
    await expect(harness.client.addSwapPath({ path: await nodeOf(harness, disk) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EINVAL'),
    );
  });

  test.skipIf(skip).each([
    { title: 'an empty path', path: '', text: 'path_refused' },
    { title: 'a path outside /dev', path: '/etc/passwd', text: 'path_refused' },
    { title: 'a path that leads upwards', path: '/dev/../etc/passwd', text: 'path_refused' },
    { title: 'a node that is not there', path: '/dev/no-such-disk', text: 'ENOENT' },
    { title: 'a link that leads out of /dev', path: '/dev/fd/0', text: 'device_failed' },
    { title: 'a node that is no disk', path: '/dev/null', text: 'not a block device' },
  ])('refuses $title [INTERNAL]', async ({ path, text }) => {
    const harness = agent();
    await expect(harness.client.addSwapPath({ path })).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });
});
