// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { shellOutput, writeText } from '../testing/agent-files.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';

const bytesPerMib = 1024n * 1024n;

describe.each(testedAgents)('GetVolumeStats $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  test.skipIf(skip || kind === 'fake')('counts bytes and inodes of a volume in memory', async () => {
    const harness = agent();
    const mountPoint = `${harness.paths.kataDir}/sandbox/ephemeral/cache`;
    const options = ['size=8m', 'nr_inodes=100'];
    await harness.client.createSandbox({
      storages: [{ driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs', mountPoint, options }],
    });
    const before = await harness.client.getVolumeStats({ volumeGuestPath: mountPoint });
    expect(before.usage).toEqual([
      { unit: 1, total: 8n * bytesPerMib, available: 8n * bytesPerMib, used: 0n },
      { unit: 2, total: 100n, available: 99n, used: 1n },
    ]);
    expect(before.volumeCondition).toEqual({ abnormal: false, message: 'OK' });
    await shellOutput(harness, `dd if=/dev/zero of=${mountPoint}/file bs=1024 count=1024 2>&1`);
    const { usage } = await harness.client.getVolumeStats({ volumeGuestPath: `${mountPoint}/file` });
    expect(usage[0]?.used).toBe(bytesPerMib);
    expect(usage[1]?.used).toBe(2n);
  });

  test.skipIf(skip)('answers for a directory that is no volume of its own', async () => {
    const harness = agent();
    await harness.client.createSandbox({});
    await writeText(harness, `${harness.paths.sharedDir}/volume/file`, 'x');
    const { usage } = await harness.client.getVolumeStats({
      volumeGuestPath: `${harness.paths.sharedDir}/volume`,
    });
    for (const { total, used, available } of usage) expect(used + available).toBe(total);
  });

  test.skipIf(skip).each([
    { title: 'an empty path', path: () => '', text: 'path_refused' },
    { title: "a path outside the agent's directory", path: () => '/etc', text: 'path_refused' },
    { title: 'a path that leads upwards', path: (dir: string) => `${dir}/../x`, text: 'path_refused' },
    { title: 'a path that is not there', path: (dir: string) => `${dir}/none`, text: 'ENOENT' },
    { title: 'a link that leads out', path: (dir: string) => `${dir}/link`, text: 'path_refused' },
  ])('refuses $title [INTERNAL]', async ({ path, text }) => {
    const harness = agent();
    await harness.client.createSandbox({});
    const { kataDir } = harness.paths;
    await shellOutput(harness, `ln -sfn /etc ${kataDir}/link`);
    await expect(harness.client.getVolumeStats({ volumeGuestPath: path(kataDir) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
  });
});
