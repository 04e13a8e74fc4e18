// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { readText, shellOutput, shellWord } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { addDisk, whyNoDisk } from '../testing/test-disk.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

const disks = [
  { content: 'ext4', contentMib: 16 },
  { content: 'xfs', contentMib: 300 },
] as const;
const buses = ['virtio-blk', 'virtio-scsi'] as const;

async function isMounted(harness: TestedAgentHarness, path: string): Promise<boolean> {
  return (await harness.shell(`grep ${shellWord(` ${path} `)} /proc/mounts`)).exitCode === 0;
}

describe.each(testedAgents)('CreateContainer with disks $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  const noDisks = skip || kind === 'fake';
  const volumeOf = ({ paths }: TestedAgentHarness) => `${paths.kataDir}/sandbox/storage/volume`;

  async function create(
    harness: TestedAgentHarness,
    containerId: string,
    storage: { readonly driver: string; readonly source: string; readonly fstype: string },
    args: readonly string[] = sleeper,
  ): Promise<void> {
    const mountPoint = volumeOf(harness);
    const bind = { destination: '/tmp', type: 'bind', source: mountPoint, options: ['bind'] };
    const request = createRequest(containerId, harness.rootfs, args, { mounts: [bind] });
    await harness.client.createContainer({ ...request, storages: [{ ...storage, mountPoint }] });
    await harness.client.startContainer({ containerId });
  }

  describe.each(disks)('of $content', ({ content, contentMib }) => {
    const reason = whyNoDisk(kind, content);
    const note = reason === undefined ? '' : ` (skipped: ${reason})`;
    const fstype = content;

    test.skipIf(noDisks || reason !== undefined).each(buses)(
      `keeps what a container writes, on %s${note}`,
      async (bus) => {
        const harness = agent();
        await using disk = await addDisk(harness, { content, contentMib, bus });
        await harness.client.createSandbox({});
        const { driver, source } = disk;
        await create(harness, 'first', { driver, source, fstype }, ['sh', '-c', 'echo kept > /tmp/file']);
        await harness.client.waitProcess({ containerId: 'first' });
        await harness.client.removeContainer({ containerId: 'first' });
        expect(await isMounted(harness, volumeOf(harness))).toBe(false);
        await create(harness, 'second', { driver, source, fstype }, ['cat', '/tmp/file']);
        expect(await readAll(harness, { containerId: 'second' })).toBe('kept\n');
        await harness.client.removeContainer({ containerId: 'second' });
      },
    );
  });

  test.skipIf(noDisks)('stays mounted until its last container is removed', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'ext4', contentMib: 16 });
    await harness.client.createSandbox({});
    const storage = { driver: disk.driver, source: disk.source, fstype: 'ext4' };
    await create(harness, 'first', storage);
    await create(harness, 'second', storage);
    await harness.client.removeContainer({ containerId: 'first' });
    expect(await isMounted(harness, volumeOf(harness))).toBe(true);
    await harness.client.removeContainer({ containerId: 'second' });
    expect(await isMounted(harness, volumeOf(harness))).toBe(false);
  });

  test.skipIf(noDisks)('lets a shared one stay until the sandbox ends', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'ext4', contentMib: 16 });
    await harness.client.createSandbox({});
    const { driver, source } = disk;
    const mountPoint = `${volumeOf(harness)}-shared`;
    const storages = [{ driver, source, fstype: 'ext4', mountPoint, shared: true }];
    const request = createRequest('first', harness.rootfs, sleeper);
    await harness.client.createContainer({ ...request, storages });
    await harness.client.removeContainer({ containerId: 'first' });
    expect(await isMounted(harness, mountPoint)).toBe(true);
  });

  test.skipIf(noDisks)('formats an empty disk on demand', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'nothing', contentMib: 16 });
    const mountPoint = `${volumeOf(harness)}-formatted`;
    const storage = { driver: disk.driver, source: disk.source, fstype: 'ext4', mountPoint };
    await harness.client.createSandbox({ storages: [{ ...storage, driverOptions: ['create_filesystem'] }] });
    const { usage } = await harness.client.getVolumeStats({ volumeGuestPath: mountPoint });
    expect(usage[0]?.total).toBeGreaterThan(14n * 1024n * 1024n);
  });

  const ext4 = { fstype: 'ext4', driverOptions: [] };
  test.skipIf(noDisks).each([
    { title: 'an empty disk', storage: ext4, text: 'EINVAL' },
    { title: 'no fstype', storage: { ...ext4, fstype: '' }, text: 'has no fstype' },
    {
      title: 'to make anything but ext4',
      storage: { fstype: 'xfs', driverOptions: ['create_filesystem'] },
      text: 'makes ext4 only',
    },
    {
      title: 'to mount in the clear what was to be encrypted',
      storage: { ...ext4, driverOptions: ['create_filesystem', 'encryption_key=ephemeral'] },
      text: 'cannot encrypt',
    },
  ])('refuses $title [INTERNAL]', async ({ storage, text }) => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'nothing', contentMib: 16 });
    const { driver, source } = disk;
    const mountPoint = volumeOf(harness);
    await expect(
      harness.client.createSandbox({ storages: [{ ...storage, driver, source, mountPoint }] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
    expect(await isMounted(harness, mountPoint)).toBe(false);
  });

  describe('and a group', () => {
    /** `(gid mode)` of the volume, a file of it and what a link of it leads to. */
    async function groupsOf(harness: TestedAgentHarness, dir: string): Promise<string[]> {
      const script = `cd ${dir} && stat -c '%g %a' . sub sub/file link`;
      return (await shellOutput(harness, script)).trim().split('\n');
    }

    const cases = [
      { title: 'Always', policy: 0, prepare: 'chgrp 2000 .; chmod 2770 .', walks: true },
      { title: 'OnRootMismatch, where the root differs', policy: 1, prepare: 'true', walks: true },
      { title: 'OnRootMismatch', policy: 1, prepare: 'chgrp 2000 .; chmod 2770 .', walks: false },
    ];
    test.skipIf(noDisks).each(cases)('$title', async ({ policy, prepare, walks }) => {
      const harness = agent();
      await using disk = await addDisk(harness, { content: 'ext4', contentMib: 16 });
      const { driver, source } = disk;
      const mountPoint = volumeOf(harness);
      const storage = { driver, source, fstype: 'ext4', mountPoint };
      await harness.client.createSandbox({});
      await create(harness, 'first', storage);
      const fill = `mkdir -m 700 sub; echo x > sub/file; chmod 600 sub/file; ln -s /etc/passwd link; chmod 755 .`;
      await shellOutput(harness, `cd ${mountPoint}; ${fill}; ${prepare}`);
      const passwd = await shellOutput(harness, `stat -c '%g %a' /etc/passwd`);
      await harness.client.removeContainer({ containerId: 'first' });
      const request = createRequest('second', harness.rootfs, sleeper);
      const fsGroup = { groupId: 2000, groupChangePolicy: policy as 0 | 1 };
      await harness.client.createContainer({ ...request, storages: [{ ...storage, fsGroup }] });
      const [root, sub, file, link] = await groupsOf(harness, mountPoint);
      expect(root).toMatch(/^2000 277\d$/);
      expect([sub, file]).toEqual(walks ? ['2000 2770', '2000 660'] : ['0 700', '0 600']);
      expect(link).toBe('0 777');
      expect(await shellOutput(harness, `stat -c '%g %a' /etc/passwd`)).toBe(passwd);
      await harness.client.removeContainer({ containerId: 'second' });
    });

    test.skipIf(noDisks)('is given read rights only on a read-only volume [INTERNAL]', async () => {
      const harness = agent();
      await using disk = await addDisk(harness, { content: 'ext4', contentMib: 16 });
      const { driver, source } = disk;
      const storage = { driver, source, fstype: 'ext4', mountPoint: volumeOf(harness), options: ['ro'] };
      // The kernel refuses to change anything there.
      await expect(
        harness.client.createSandbox({ storages: [{ ...storage, fsGroup: { groupId: 2000 } }] }),
      ).rejects.toMatchObject(refusal(Status.INTERNAL, 'EROFS'));
      expect(await isMounted(harness, volumeOf(harness))).toBe(false);
      expect(await readText(harness, '/proc/mounts')).not.toContain(volumeOf(harness));
    });
  });
});
