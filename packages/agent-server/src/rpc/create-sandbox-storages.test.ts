// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial, Storage } from '@hako/protocols/agent';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { pathExists, readText, shellOutput, shellWord, writeText } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

let volumes = 0;

/** The line of the mount table for a path, or nothing. */
async function mountLine(harness: TestedAgentHarness, path: string): Promise<string> {
  return (await harness.shell(`grep ${shellWord(` ${path} `)} /proc/mounts`)).stdout.trim();
}

/** A mount point that no test has used. */
function volumeOf({ paths }: TestedAgentHarness): string {
  volumes += 1;
  return `${paths.kataDir}/sandbox/volume-${volumes}`;
}

async function statOf(harness: TestedAgentHarness, path: string): Promise<string> {
  return (await shellOutput(harness, `stat -c '%a %g' ${shellWord(path)}`)).trim();
}

describe.each(testedAgents)('CreateSandbox with storages $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  const noMounts = skip || kind === 'fake';

  async function create(harness: TestedAgentHarness, storage: DeepPartial<Storage>): Promise<string> {
    const mountPoint = volumeOf(harness);
    await harness.client.createSandbox({ storages: [{ mountPoint, ...storage }] });
    return mountPoint;
  }

  test.skipIf(noMounts)('ephemeral honours flags, size, mode and group', async () => {
    const harness = agent();
    const options = ['noexec', 'nosuid', 'nodev', 'mode=1770', 'size=1m', 'fsgid=2000'];
    const path = await create(harness, { driver: 'ephemeral', source: 'shm', fstype: 'tmpfs', options });
    const line = await mountLine(harness, path);
    for (const word of ['tmpfs', 'noexec', 'nosuid', 'nodev', 'size=1024k']) expect(line).toContain(word);
    expect(await statOf(harness, path)).toBe('3770 2000');
  });

  test.skipIf(noMounts)('ephemeral reserves huge pages and mounts them', async () => {
    const harness = agent();
    const pool = '/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages';
    const before = Number(await readText(harness, pool));
    // In one option, as hosts of Kata send them.
    const options = ['pagesize=2097152,size=4194304'];
    try {
      const path = await create(harness, {
        driver: 'ephemeral',
        source: 'nodev',
        fstype: 'hugetlbfs',
        options,
      });
      expect(await mountLine(harness, path)).toContain('hugetlbfs');
      expect(Number(await readText(harness, pool))).toBe(before + 2);
      await shellOutput(harness, `umount ${path}`);
    } finally {
      await shellOutput(harness, `echo ${before} > ${pool}`);
    }
  });

  test.skipIf(skip)('local makes a directory with its mode and no mount', async () => {
    const harness = agent();
    const path = await create(harness, { driver: 'local', source: 'local', options: ['mode=0751'] });
    expect(await statOf(harness, path)).toMatch(/^751 /);
    expect(await mountLine(harness, path)).toBe('');
  });

  test.skipIf(skip || process.getuid?.() !== 0)('local gives its directory to a group', async () => {
    const harness = agent();
    const options = ['mode=0770', 'fsgid=2000'];
    const path = await create(harness, { driver: 'local', source: 'local', options });
    expect(await statOf(harness, path)).toBe('2770 2000');
  });

  test.skipIf(noMounts)('bind shows a directory read-only under a second name', async () => {
    const harness = agent();
    const source = `${harness.paths.sharedDir}/source`;
    const mountPoint = volumeOf(harness);
    const storage = { driver: 'bind', source, fstype: 'bind', options: ['rbind', 'ro'], mountPoint };
    const fromMemory = { driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs', mountPoint: source };
    await harness.client.createSandbox({ storages: [fromMemory, storage] });
    expect((await harness.shell(`touch ${mountPoint}/new`)).stderr).toContain('Read-only');
    await writeText(harness, `${source}/file`, 'changed');
    expect(await readText(harness, `${mountPoint}/file`)).toBe('changed');
  });

  test.skipIf(noMounts)('overlayfs stacks layers', async () => {
    const harness = agent();
    const base = `${harness.paths.kataDir}/sandbox/base`;
    const memory = { driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs', mountPoint: base };
    const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => `${base}/${name}`);
    const path = volumeOf(harness);
    const driverOptions = [lower, upper, work].map(
      (dir) => `io.katacontainers.volume.overlayfs.create_directory=${dir}`,
    );
    const options = [`lowerdir=${lower}`, `upperdir=${upper}`, `workdir=${work}`];
    const overlay = { driver: 'overlayfs', source: 'overlay', fstype: 'overlay', options, driverOptions };
    await harness.client.createSandbox({ storages: [memory, { ...overlay, mountPoint: path }] });
    await writeText(harness, `${path}/file`, 'written');
    expect(await readText(harness, `${upper}/file`)).toBe('written');
    expect(await pathExists(harness, `${lower}/file`)).toBe(false);
  });

  test.skipIf(noMounts)('takes back what it has mounted when a later one fails [INTERNAL]', async () => {
    const harness = agent();
    const good = `${harness.paths.kataDir}/sandbox/good`;
    const bad = { driver: 'virtio-fs', source: 'none', fstype: 'no-such-fs' };
    const source = `${harness.paths.kataDir}/sandbox`;
    const storages = [
      { driver: 'local', mountPoint: source },
      { driver: 'bind', source, fstype: 'bind', mountPoint: good },
      { ...bad, mountPoint: `${harness.paths.kataDir}/sandbox/bad` },
    ];
    await expect(harness.client.createSandbox({ storages })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'ENODEV'),
    );
    expect(await mountLine(harness, good)).toBe('');
    expect(await pathExists(harness, good)).toBe(false);
  });

  const memory = { driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs' };
  test.skipIf(skip).each<{ title: string; storage: DeepPartial<Storage>; text: string }>([
    { title: 'an unknown driver', storage: { driver: 'image' }, text: 'unknown_storage_driver: no storage' },
    { title: 'no driver', storage: {}, text: 'unknown_storage_driver' },
    { title: 'no source', storage: { ...memory, source: '' }, text: 'has no source' },
    { title: 'no fstype', storage: { ...memory, fstype: '' }, text: 'has no fstype' },
    { title: 'no mount point', storage: { ...memory, mountPoint: '' }, text: 'has no mount point' },
    { title: 'a mount point outside', storage: { ...memory, mountPoint: '/etc' }, text: 'path_refused' },
    { title: 'the loop option', storage: { ...memory, options: ['loop'] }, text: 'loop is not supported' },
    { title: 'a group that is none', storage: { ...memory, options: ['fsgid=x'] }, text: 'not a number' },
    { title: 'a mode that is none', storage: { driver: 'local', options: ['mode=9'] }, text: 'not a number' },
    {
      title: 'huge pages without size',
      storage: { ...memory, fstype: 'hugetlbfs', options: ['pagesize=2097152'] },
      text: 'need size=BYTES',
    },
    {
      title: 'huge pages of a size there is not',
      storage: { ...memory, fstype: 'hugetlbfs', options: ['pagesize=3072', 'size=6144'] },
      text: 'huge pages cannot be reserved',
    },
    {
      title: 'a bind source outside',
      storage: { driver: 'bind', source: '/etc', fstype: 'bind' },
      text: 'path_refused',
    },
    { title: 'a PCI path that is none', storage: { driver: 'blk', source: 'x' }, text: 'PCI path' },
    { title: 'a SCSI address that is none', storage: { driver: 'scsi', source: 'x' }, text: 'SCSI' },
    { title: 'a CCW disk', storage: { driver: 'blk-ccw', source: '0.0.0001' }, text: 's390x' },
    {
      title: 'a node that is no disk',
      storage: { driver: 'blk', source: '/dev/null' },
      text: 'block device',
    },
    {
      title: 'an mmio node that is none',
      storage: { driver: 'mmioblk', source: '/dev/sda' },
      text: '/dev/sda',
    },
    {
      title: 'a pmem node that is none',
      storage: { driver: 'nvdimm', source: '/dev/sda' },
      text: '/dev/sda',
    },
  ])('refuses $title [INTERNAL]', async ({ storage, text }) => {
    const harness = agent();
    await expect(create(harness, storage)).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test.skipIf(skip)('refuses disks that do not come [INTERNAL]', async () => {
    const { client, paths, rootfs } = agent();
    const late = { blk: '1e/1e', scsi: '99:0', mmioblk: '/dev/vdz', nvdimm: '/dev/pmem9' };
    await Promise.all(
      Object.entries(late).map(async ([driver, source]) => {
        const storage = { driver, source, fstype: 'ext4', mountPoint: `${paths.kataDir}/sandbox/${driver}` };
        const request = createRequest(`late-${driver}`, rootfs, sleeper);
        await expect(client.createContainer({ ...request, storages: [storage] })).rejects.toMatchObject(
          refusal(Status.INTERNAL, 'ms waiting for'),
        );
      }),
    );
  });

  test.skipIf(noMounts).each([
    { driver: 'virtio-fs', fstype: 'virtiofs' },
    { driver: '9p', fstype: '9p' },
  ])('$driver refuses a tag there is not [INTERNAL]', async (storage) => {
    const harness = agent();
    await expect(create(harness, { ...storage, source: 'noSuchTag' })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'noSuchTag cannot be mounted'),
    );
  });

  test.skipIf(skip).each(['../../../../etc', '/etc'])(
    'is not led out by a link to %s [INTERNAL]',
    async (target) => {
      const harness = agent();
      await harness.client.createSandbox({});
      const door = `${harness.paths.kataDir}/door`;
      await shellOutput(harness, `ln -sfn ${target} ${door}`);
      const options = ['size=1m'];
      for (const mountPoint of [`${door}/volume`, door]) {
        await expect(
          harness.client.updateEphemeralMounts({ storages: [{ ...memory, mountPoint, options }] }),
        ).rejects.toMatchObject(refusal(Status.INTERNAL, 'cannot be mounted'));
      }
      expect(await pathExists(harness, '/etc/volume')).toBe(false);
    },
  );
});
