// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { shellOutput } from '../testing/agent-files.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { addDisk, whyNoDisk } from '../testing/test-disk.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';

const bytesPerMib = 1024n * 1024n;
/** CAP_SYS_RESOURCE of <linux/capability.h>, which resizing an ext4 takes. */
const resourceBit = 1n << 24n;

function mayUseReserves(): boolean {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return (BigInt(`0x${line?.[1] ?? '0'}`) & resourceBit) !== 0n;
}

const fileSystems = [
  { fstype: 'ext4', contentMib: 32, diskMib: 96 },
  // The smallest that mkfs makes.
  { fstype: 'xfs', contentMib: 300, diskMib: 400 },
] as const;

let volumes = 0;

async function mountVolume(
  harness: Pick<TestedAgentHarness, 'client' | 'paths'>,
  storage: { readonly driver: string; readonly source: string; readonly fstype: string },
): Promise<string> {
  volumes += 1;
  const mountPoint = `${harness.paths.kataDir}/sandbox/storage/volume-${volumes}`;
  await harness.client.createSandbox({ storages: [{ ...storage, mountPoint }] });
  return mountPoint;
}

async function totalMib(
  { client }: Pick<TestedAgentHarness, 'client'>,
  volumeGuestPath: string,
): Promise<number> {
  const { usage } = await client.getVolumeStats({ volumeGuestPath });
  return Number((usage[0]?.total ?? 0n) / bytesPerMib);
}

describe.each(testedAgents)('ResizeVolume $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  describe.each(fileSystems)('with $fstype', ({ fstype, contentMib, diskMib }) => {
    const lacksPrivilege = fstype === 'ext4' && kind === 'crun' && !mayUseReserves();
    const reason = whyNoDisk(kind, fstype) ?? (lacksPrivilege ? 'needs CAP_SYS_RESOURCE' : undefined);
    const note = reason === undefined ? '' : ` (skipped: ${reason})`;

    test.skipIf(skip || reason !== undefined)(
      `grows it in use to a size, and then to all of its disk${note}`,
      async () => {
        const harness = agent();
        await using disk = await addDisk(harness, { content: fstype, contentMib, diskMib });
        const volumeGuestPath = await mountVolume(harness, { ...disk, fstype });
        await shellOutput(harness, `echo kept > ${volumeGuestPath}/file`);
        const before = await totalMib(harness, volumeGuestPath);
        const middleMib = (contentMib + diskMib) / 2;
        await harness.client.resizeVolume({ volumeGuestPath, size: BigInt(middleMib) * bytesPerMib });
        const between = await totalMib(harness, volumeGuestPath);
        expect(between).toBeGreaterThan(before);
        expect(between).toBeLessThanOrEqual(middleMib);
        await harness.client.resizeVolume({ volumeGuestPath, size: 0n });
        const after = await totalMib(harness, volumeGuestPath);
        expect(after).toBeGreaterThan(between);
        expect(after).toBeGreaterThan(diskMib * 0.75);
        await harness.client.resizeVolume({ volumeGuestPath, size: BigInt(diskMib) * bytesPerMib });
        expect(await totalMib(harness, volumeGuestPath)).toBe(after);
        expect(await shellOutput(harness, `cat ${volumeGuestPath}/file`)).toBe('kept\n');
      },
    );

    test.skipIf(skip || reason !== undefined).each([
      { title: 'a size beyond the disk', sizeMib: diskMib + 16, text: 'bytes, not' },
      { title: 'a size smaller than it has', sizeMib: contentMib / 2, text: 'EINVAL' },
    ])(`refuses $title [INTERNAL]${note}`, async ({ sizeMib, text }) => {
      const harness = agent();
      await using disk = await addDisk(harness, { content: fstype, contentMib, diskMib });
      const volumeGuestPath = await mountVolume(harness, { ...disk, fstype });
      const before = await totalMib(harness, volumeGuestPath);
      await expect(
        harness.client.resizeVolume({ volumeGuestPath, size: BigInt(sizeMib) * bytesPerMib }),
      ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
      expect(await totalMib(harness, volumeGuestPath)).toBe(before);
    });
  });

  test.skipIf(skip || kind === 'fake')('refuses a volume in memory [INTERNAL]', async () => {
    const harness = agent();
    const volumeGuestPath = await mountVolume(harness, {
      driver: 'ephemeral',
      source: 'tmpfs',
      fstype: 'tmpfs',
    });
    await expect(harness.client.resizeVolume({ volumeGuestPath, size: bytesPerMib })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'cannot be resized'),
    );
  });

  test.skipIf(skip).each([
    { title: "a path outside the agent's directory", path: () => '/', text: 'path_refused' },
    { title: 'a path that is not there', path: (dir: string) => `${dir}/none`, text: 'ENOENT' },
    { title: 'a link that leads out', path: (dir: string) => `${dir}/link`, text: 'path_refused' },
  ])('refuses $title [INTERNAL]', async ({ path, text }) => {
    const harness = agent();
    await harness.client.createSandbox({});
    const { kataDir } = harness.paths;
    await shellOutput(harness, `ln -sfn /etc ${kataDir}/link`);
    await expect(
      harness.client.resizeVolume({ volumeGuestPath: path(kataDir), size: bytesPerMib }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });
});
