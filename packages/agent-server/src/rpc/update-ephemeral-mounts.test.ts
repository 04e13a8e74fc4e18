// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { pathExists, shellOutput } from '../testing/agent-files.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';

const volume = { driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs' };

describe.each(testedAgents)('UpdateEphemeralMounts $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  test.skipIf(skip || kind === 'fake')('gives a volume another size and keeps its files', async () => {
    const harness = agent();
    const mountPoint = `${harness.paths.kataDir}/sandbox/ephemeral/cache`;
    await harness.client.createSandbox({ storages: [{ ...volume, mountPoint, options: ['size=4m'] }] });
    await shellOutput(harness, `echo kept > ${mountPoint}/file`);
    const options = ['remount', 'size=16m', 'fsgid=1000'];
    await harness.client.updateEphemeralMounts({ storages: [{ ...volume, mountPoint, options }] });
    const { usage } = await harness.client.getVolumeStats({ volumeGuestPath: mountPoint });
    expect(usage[0]?.total).toBe(16n * 1024n * 1024n);
    expect(await shellOutput(harness, `cat ${mountPoint}/file`)).toBe('kept\n');
    expect(await shellOutput(harness, `grep -c ' ${mountPoint} ' /proc/mounts`)).toBe('1\n');
  });

  test.skipIf(skip)('makes a directory and no mount for a storage without options', async () => {
    const harness = agent();
    const mountPoint = `${harness.paths.kataDir}/sandbox/ephemeral/new`;
    await harness.client.createSandbox({});
    await harness.client.updateEphemeralMounts({ storages: [{ ...volume, mountPoint }] });
    expect(await pathExists(harness, mountPoint)).toBe(true);
    expect((await harness.shell(`grep ' ${mountPoint} ' /proc/mounts`)).exitCode).toBe(1);
  });

  test.skipIf(skip)('does nothing without storages', async () => {
    const harness = agent();
    expect(await harness.client.updateEphemeralMounts({})).toEqual({});
  });

  const remount = ['remount', 'size=1m'];
  test.skipIf(skip).each([
    { title: 'another driver', changes: { driver: 'local', options: remount }, text: 'is not ephemeral' },
    { title: 'no source', changes: { source: '', options: remount }, text: 'has no source' },
    { title: 'a path outside', changes: { mountPoint: '/etc', options: remount }, text: 'path_refused' },
    { title: 'a path outside, without options', changes: { mountPoint: '/etc' }, text: 'path_refused' },
  ])('refuses $title [INTERNAL]', async ({ changes, text }) => {
    const harness = agent();
    const mountPoint = `${harness.paths.kataDir}/sandbox/ephemeral/new`;
    await expect(
      harness.client.updateEphemeralMounts({ storages: [{ ...volume, mountPoint, ...changes }] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test.skipIf(skip || kind === 'fake').each([
    { title: 'to remount what is not mounted', options: ['remount', 'size=1m'] },
    { title: 'an option the file system does not know', options: ['size=many'] },
  ])('refuses $title [INTERNAL]', async ({ options }) => {
    const harness = agent();
    const mountPoint = `${harness.paths.kataDir}/sandbox/ephemeral/new`;
    await expect(
      harness.client.updateEphemeralMounts({ storages: [{ ...volume, mountPoint, options }] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'EINVAL'));
  });
});
